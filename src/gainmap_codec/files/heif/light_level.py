"""How bright a picture is, for displays that have to fit it into what they can show: the property clli.

Source: ISO/IEC 14496-12 clause 12.1.6 (clli); CTA-861.3 annex P (how both numbers are found).
"""

from __future__ import annotations

from typing import NamedTuple

from gainmap_codec.files.cursor import Writer
from gainmap_codec.files.heif.image_items import stand_alone_with
from gainmap_codec.files.heif.items import Property
from gainmap_codec.files.records import CodedImage


class LightLevel(NamedTuple):
    """Each pixel by its largest channel, in whole cd/m², 0…65535: the brightest one, and their average."""

    brightest: int
    average: int


def with_light_level(image: CodedImage, level: LightLevel) -> CodedImage:
    """A picture in HEVC or AV1, no grid, that says its light level; its codestream stays what it is.

    Raises:
        ValueError: A number that has no place in the property.
    """
    writer = Writer("box clli")
    writer.u16(level.brightest)
    writer.u16(level.average)
    return stand_alone_with(image, Property(b"clli", writer.getvalue()))
