"""One file of a photo for the web."""

from __future__ import annotations

from dataclasses import replace

from gainmap_codec.codec.opening import OpenedFile
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.edit.report import TranscodeReport
from gainmap_codec.edit.transcode import transcode_opened
from gainmap_codec.web.planning import Variant


def make_variant(opened: OpenedFile, variant: Variant, options: TranscodeOptions) -> TranscodeReport:
    """The file, as `options` ask for it; of a photo without a gain map, one without.

    Raises:
        GainMapError, ValueError: As `transcode_opened`.
    """
    has_map = opened.file.gain_map is not None or opened.neural is not None
    carry = options.carry if has_map else None
    return transcode_opened(opened, replace(options, container=variant.container, size=variant.size, carry=carry))
