"""Fuzzing of edits: of a file that decodes comes one that does, or one clear error; in every container.

The last bytes say what is done; those before are the file. Or they say how fields of a sound file's record are changed,
which our own writer then writes: odd files without a broken byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import atheris
from common import LIMITS, check_line, check_lines, fuzz

with atheris.instrument_imports(include=["gainmap_codec"]):
    import gainmap_codec as gm
    from gainmap_codec.errors import GainMapError, Limits
    from gainmap_codec.files.code_points import Nclx
    from gainmap_codec.files.container import parse_file, serialize_file
    from gainmap_codec.files.records import Fraction, GainMapFile, GainMapMetadata

FIXTURES = Path(__file__).parents[1] / "fixtures"
CONTAINERS = ("jpeg", "heic", "avif", "jxl")
FILES = [
    path.read_bytes()
    for path in sorted((*FIXTURES.glob("jpeg/*.jpg"), *FIXTURES.glob("heif/*"), *FIXTURES.glob("jxl/*")))
    if path.stat().st_size < 8192
]
RECORDS = [parse_file(data, "a fixture", Limits()) for data in FILES]
OPTION_BYTES = 16

Choices = atheris.FuzzedDataProvider
Edit = Callable[[bytes, atheris.FuzzedDataProvider], bytes]


def transcoded(data: bytes, choices: Choices) -> bytes:
    """Neural maps go with bases that are kept: for others they would be fitted anew, which takes seconds."""
    container, quality = choices.PickValueInList([*CONTAINERS, None]), choices.PickValueInList([None, 60])
    carry = "standard" if container or quality else choices.PickValueInList(["standard", None])
    strip = choices.PickValueInList([None, "gps", "all"])
    return gm.transcode(data, container=container, quality=quality, carry=carry, strip=strip, limits=LIMITS)


def cropped(data: bytes, choices: Choices) -> bytes:
    """With the quickest of fits, for a neural map that has become too poor; so does `resized`."""
    info = gm.inspect(data, limits=LIMITS)
    width, height = (info.height, info.width) if info.orientation >= 5 else (info.width, info.height)
    left, top = choices.ConsumeIntInRange(0, width - 1), choices.ConsumeIntInRange(0, height - 1)
    box = left, top, choices.ConsumeIntInRange(left + 1, width), choices.ConsumeIntInRange(top + 1, height)
    return gm.crop(data, box, effort=1, limits=LIMITS)


def resized(data: bytes, choices: Choices) -> bytes:
    return gm.resize(data, (choices.ConsumeIntInRange(1, 40), None), effort=1, limits=LIMITS)


def rotated(data: bytes, choices: Choices) -> bytes:
    return gm.rotate(data, choices.PickValueInList([90, 180, 270]), limits=LIMITS)


def flipped(data: bytes, choices: Choices) -> bytes:
    return gm.flip(data, choices.PickValueInList(["horizontal", "vertical"]), limits=LIMITS)


def reassembled(data: bytes, choices: Choices) -> bytes:
    """Taken apart and put together; numbers that may not be written are a caller's mistake there."""
    parts = gm.extract(data, limits=LIMITS)
    try:
        return gm.assemble(
            parts.base,
            parts.gain_map,
            parts.metadata,
            container=choices.PickValueInList([parts.container, *CONTAINERS]),
            alternate_icc_profile=parts.alternate_icc_profile,
            alternate_color=parts.alternate_color,
            limits=LIMITS,
        )
    except ValueError as error:
        check_line(error)
        return data


def swapped(data: bytes, choices: Choices) -> bytes:
    return gm.swap(data, container=choices.PickValueInList([None, *CONTAINERS]), limits=LIMITS)


EDITS: list[Edit] = [transcoded, transcoded, cropped, resized, rotated, flipped, reassembled, swapped]


def odd_fraction(choices: Choices) -> Fraction:
    return Fraction(choices.ConsumeIntInRange(-(1 << 31), (1 << 31) - 1), choices.ConsumeIntInRange(1, (1 << 32) - 1))


def odd_metadata(metadata: GainMapMetadata, choices: Choices) -> GainMapMetadata:
    """Some numbers of a gain map changed."""
    name = choices.PickValueInList(["gain_map_min", "gain_map_max", "gamma", "base_offset", "alternate_offset"])
    channel = replace(metadata.channels[0], **{name: odd_fraction(choices)})
    name = choices.PickValueInList(["base_hdr_headroom", "alternate_hdr_headroom"])
    headroom = odd_fraction(choices)
    return replace(
        metadata,
        channels=(channel, *metadata.channels[1:]),
        use_base_colour_space=choices.ConsumeBool(),
        **{name: headroom._replace(numerator=abs(headroom.numerator))},
    )


def odd_record(choices: Choices) -> GainMapFile:
    """A sound file with a few odd fields."""
    file = choices.PickValueInList(RECORDS)
    if choices.ConsumeBool() and file.gain_map and isinstance(file.gain_map.metadata, GainMapMetadata):
        file = replace(file, gain_map=replace(file.gain_map, metadata=odd_metadata(file.gain_map.metadata, choices)))
    if choices.ConsumeBool():
        points = (choices.ConsumeIntInRange(0, 24) for _ in range(3))
        file = replace(file, base=replace(file.base, nclx=Nclx(*points, choices.ConsumeBool())))
    if choices.ConsumeBool():
        profile = choices.ConsumeBytes(choices.ConsumeIntInRange(0, 200))
        file = replace(file, base=replace(file.base, icc_profile=profile or None))
    if choices.ConsumeBool():
        file = replace(file, orientation=choices.ConsumeIntInRange(1, 8))
    if choices.ConsumeBool():
        file = replace(file, exif=b"II*\0\x08\0\0\0" + choices.ConsumeBytes(choices.ConsumeIntInRange(0, 200)))
    if choices.ConsumeBool():
        file = replace(file, xmp=choices.ConsumeBytes(choices.ConsumeIntInRange(0, 500)))
    return file


def odd_file(data: bytes, choices: Choices) -> bytes | None:
    """The file to edit; None where no writer takes such a record."""
    if choices.ConsumeBool():
        return data
    try:
        return serialize_file(odd_record(Choices(data)), [])
    except (GainMapError, ValueError) as error:
        check_line(error)
        return None


def decodes(data: bytes) -> bool:
    try:
        return bool(gm.decode(data, limits=LIMITS).pixels.size)
    except GainMapError:
        return False


def target(data: bytes) -> None:
    choices = Choices(data[-OPTION_BYTES:])
    source = odd_file(data[:-OPTION_BYTES], choices)
    edit = choices.PickValueInList(EDITS)
    if source is None:
        return
    try:
        result = edit(source, choices)
    except GainMapError as error:
        check_line(error)
        return
    try:
        check_lines(gm.decode(result, limits=LIMITS).warnings)
    except GainMapError:
        assert not decodes(source), "the source decodes, and what came of it does not"


def seeds() -> Iterator[bytes]:
    for index, data in enumerate(FILES):
        yield data + bytes((index + step) * 37 % 256 for step in range(OPTION_BYTES))
        yield data[:300] + bytes(OPTION_BYTES)


if __name__ == "__main__":
    fuzz(target, seeds())
