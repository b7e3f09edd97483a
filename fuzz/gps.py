"""Fuzzing of `strip="gps"`: files that say where a picture was taken, in mixed layouts, must not say it any more.

    python fuzz/gps.py CORPUS... -max_total_time=60

The bytes of an input choose the layouts. What is left of the place is searched as bytes, and now and then by exiftool,
where it is installed. tests/support has to be on the path, as `make fuzz FUZZ=gps` sees to.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace

import atheris

with atheris.instrument_imports(include=["gainmap_codec"]):
    import gainmap_codec as gm
    from gainmap_codec.errors import GainMapError
    from gainmap_codec.files.heif.items import BASE_ID, MAP_ID, Item, Reference
    from gainmap_codec.files.heif.records import HeifExtras

from support import geotag_files as places

Entry = places.Entry

_EXIFTOOL = shutil.which("exiftool")
_ASKED_EVERY = 400  # a run of exiftool takes as long as some hundred files
_FORBIDDEN = ("GPSLatitude", "GPSLongitude", "LocationCreated", "LocationShown", places.CITY)
_runs = 0


class Choices(atheris.FuzzedDataProvider):  # type: ignore[misc]
    """Bytes of an input as decisions."""

    def up_to(self, most: int) -> int:
        return int(self.ConsumeIntInRange(0, most))

    def of(self, names: Sequence[str]) -> str:
        return names[self.up_to(len(names) - 1)]

    def is_so(self) -> bool:
        return bool(self.ConsumeBool())


def directory(choices: Choices, order: places.Order, depth: int = 0) -> list[Entry]:
    """Entries in any order, some of which lead to the place."""
    entries: list[Entry] = []
    for _ in range(choices.up_to(3)):
        entries.append((0x9000 + choices.up_to(99), places.UNDEFINED, bytes(choices.ConsumeBytes(choices.up_to(20)))))
    if choices.is_so():
        entries.append((0x8825, places.LONG, places.gps(order)))
    if choices.is_so():
        entries.append((0x8825, places.IFD, places.gps(order)))
    if depth < 3 and choices.is_so():
        pointer = (0x8769, 0xA005, 0x014A)[choices.up_to(2)]
        entries.append((pointer, places.LONG, directory(choices, order, depth + 1)))
    return entries


def exif(choices: Choices) -> bytes:
    if choices.is_so():
        return places.EXIFS[choices.of(list(places.EXIFS))]()
    order = places.ORDERS[choices.up_to(1)]
    second = directory(choices, order) if choices.is_so() else []
    return places.tiff(directory(choices, order), second, order)


def packet(choices: Choices) -> bytes:
    if choices.is_so():
        return places.PACKETS[choices.of(list(places.PACKETS))]()
    inner = "".join(f"<exif:GPS{name}>47,36.7215N</exif:GPS{name}>" for name in ("Latitude", "DestLatitude"))
    for _ in range(choices.up_to(4)):
        inner = (
            f'<dc:part rdf:parseType="Resource">{inner}<dc:title>kept</dc:title></dc:part>',
            f"<dc:parts><rdf:Bag><rdf:li><rdf:Description>{inner}</rdf:Description></rdf:li></rdf:Bag></dc:parts>",
            f"<dc:one><rdf:Description {places.POSITION}>{inner}</rdf:Description></dc:one>",
        )[choices.up_to(2)]
    return places.xmp(inner)


def segments(choices: Choices) -> bytes:
    """Some segments that hide the place."""
    found = []
    for _ in range(1 + choices.up_to(3)):
        kind = choices.up_to(3)
        if kind == 0:
            found.append(places.exif_segment(exif(choices)))
        elif kind == 1:
            found.append(places.xmp_segment(packet(choices)))
        elif kind == 2:
            xml = packet(choices)
            found.append(places.extended(sorted(choices.up_to(len(xml)) for _ in range(choices.up_to(3))), xml))
        else:
            found.append(places.SEGMENTS[choices.of(list(places.SEGMENTS))]())
    return b"".join(found)


def jpeg(choices: Choices) -> bytes:
    data = places.between_scans(segments(choices)) if choices.is_so() else places.source()
    return data[:2] + segments(choices) + data[2:]


def avif(choices: Choices) -> bytes:
    """Items and boxes that hide the place, beside a gain map."""
    if choices.is_so():
        return places.HEIFS[choices.of(list(places.HEIFS))]()

    def more(extras: HeifExtras) -> HeifExtras:
        items, references = list(extras.items), list(extras.references)
        for number in range(900, 901 + choices.up_to(3)):
            if choices.is_so():
                items.append((Item(number, b"Exif", hidden=True), places.exif_item(exif(choices))))
            else:
                item = Item(number, b"mime", content_type=places.XMP_TYPE, hidden=True)
                items.append((item, packet(choices)))
            references.append(Reference(b"cdsc", number, ((BASE_ID, MAP_ID)[choices.up_to(1)],)))
        box = places.make_box(b"uuid", places.XMP_BOX, packet(choices)) if choices.is_so() else b""
        return replace(extras, items=tuple(items), references=tuple(references), last_boxes=box)

    return places.avif(more)


def stripped(data: bytes, choices: Choices) -> bytes:
    verb = choices.up_to(4)
    if verb == 0:
        return gm.rotate(data, 90, strip="gps")
    if verb == 1:
        return gm.crop(data, (0, 0, 8, 8), strip="gps")
    if verb == 2:
        return gm.transcode(data, strip="all")
    return gm.transcode(data, strip="gps")


def hide_and_seek(data: bytes) -> None:
    choices = Choices(data)
    source = avif(choices) if choices.is_so() else jpeg(choices)
    new = stripped(source, choices)
    assert not places.marks_in(new), places.marks_in(new)
    ask_exiftool(new)
    position = choices.up_to(len(source) - 1)
    damaged = source[:position] + choices.ConsumeBytes(choices.up_to(8)) + source[position + 1 :]
    try:
        stripped(damaged, choices)
    except GainMapError as error:
        assert str(error) and "\n" not in str(error), error


def ask_exiftool(data: bytes) -> None:
    global _runs
    _runs += 1
    if _EXIFTOOL and _runs % _ASKED_EVERY == 1:
        command = [_EXIFTOOL, "-a", "-G1", "-s", "-ee", "-u", "-"]
        told = subprocess.run(command, input=data, capture_output=True, check=False).stdout.decode("utf-8", "replace")
        assert not [word for word in _FORBIDDEN if word in told], told


def main() -> None:
    warnings.simplefilter("ignore")
    atheris.Setup([*sys.argv, "-len_control=0"], hide_and_seek)  # short inputs choose little
    atheris.Fuzz()


if __name__ == "__main__":
    main()
