"""What is odd about a gain map that is used all the same, in any container."""

from __future__ import annotations

from collections.abc import Iterator

from gainmap_codec.files.records import AppleMetadata, CodedImage, StoredGainMap

_ASPECT_TOLERANCE = 0.01


def odd_gain_map(base: CodedImage, found: StoredGainMap) -> Iterator[str]:
    """Lines for the file's warnings."""
    if not _same_aspect(base, found.image):
        sizes = f"{found.image.width}x{found.image.height} for a base of {base.width}x{base.height}"
        yield f"the gain map has another aspect ratio: {sizes}"
    if isinstance(found.metadata, AppleMetadata):
        return
    offsets = [x for channel in found.metadata.channels for x in (channel.base_offset, channel.alternate_offset)]
    if any(offset.numerator < 0 for offset in offsets):
        yield "the gain map has offsets below 0"
    if found.metadata.reserved_flags:
        yield f"the gain map's metadata have reserved flags ({found.metadata.reserved_flags:02X}), which are ignored"
    if float(found.metadata.base_hdr_headroom) == float(found.metadata.alternate_hdr_headroom):
        yield "base and alternate have the same headroom: the gain map changes nothing"


def _same_aspect(base: CodedImage, gain_map: CodedImage) -> bool:
    """Within one percent, or a pixel of the map, whose sides are whole numbers."""
    width, height = gain_map.height * base.width / base.height, gain_map.width * base.height / base.width
    whole = abs(gain_map.width - width) < 1 or abs(gain_map.height - height) < 1
    return whole or abs(gain_map.width / width - 1) <= _ASPECT_TOLERANCE
