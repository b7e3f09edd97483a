"""From a source to its HDR rendition."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from gainmap_codec.codec.opening import OpenedFile
from gainmap_codec.codec.options import DecodeOptions
from gainmap_codec.codec.rendering import preference as preference
from gainmap_codec.pixels.formats.images import Source
from gainmap_codec.pixels.hdr_image import HdrImage


def decode_with_notes(source: Source, options: DecodeOptions) -> HdrImage:
    """As `decode`; the picture's `warnings` tell."""
    from gainmap_codec.api import decode_quietly

    return decode_quietly(source, _checked(options))


def decode_opened(opened: OpenedFile, options: DecodeOptions) -> HdrImage:
    """As `decode_with_notes`, of a file that is opened already."""
    from gainmap_codec import api

    return api.decode_opened(opened, _checked(options))


def _checked(options: DecodeOptions) -> dict[str, Any]:
    from gainmap_codec.api import check_decode_options

    return check_decode_options({field.name: getattr(options, field.name) for field in fields(options)})
