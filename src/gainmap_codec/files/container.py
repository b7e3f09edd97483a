"""The one place where containers are told apart: by their first bytes, by their files' names, and in writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from posixpath import splitext
from typing import Literal

from gainmap_codec.errors import FormatError, GainMapError, LimitError, Limits, UnsupportedError, listed, printable
from gainmap_codec.files.heif import extras as heif
from gainmap_codec.files.heif.damage import damage_of
from gainmap_codec.files.heif.image_items import stand_alone_digest, stand_alone_sampling
from gainmap_codec.files.heif.read import parse_heif
from gainmap_codec.files.heif.records import heif_extras
from gainmap_codec.files.heif.source import open_heif
from gainmap_codec.files.heif.write import serialize_heif
from gainmap_codec.files.jpeg.read import parse_jpeg
from gainmap_codec.files.jpeg.segments import (
    CUT_IN_HEADER,
    SOI,
    coded_digest,
    is_cut_in_header,
    sampling_of_frame,
    segments_of,
)
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.jxl import extras as jxl
from gainmap_codec.files.jxl.packed_jpeg import MOST_BYTES_BEHIND
from gainmap_codec.files.jxl.picture import codestream_digest, codestream_sampling
from gainmap_codec.files.jxl.picture import is_whole as jxl_is_whole
from gainmap_codec.files.jxl.read import parse_jxl
from gainmap_codec.files.jxl.source import is_jxl, open_jxl
from gainmap_codec.files.jxl.write import serialize_jxl
from gainmap_codec.files.records import (
    ABILITIES,
    Codec,
    CodedImage,
    Container,
    ContainerExtras,
    GainMapFile,
    OtherPart,
    Sampling,
    describe_other,
)
from gainmap_codec.files.tags.exif import orientation
from gainmap_codec.files.tags.exif_edit import with_orientation

Kind = Literal["jpeg", "heif", "jxl"]
"""What is read and written in one way."""

_HDR_FORMATS = {
    b"v/1\x01": "OpenEXR",
    b"#?": "Radiance",
    b"\x93NUMPY": "npy",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"II\xbc": "JPEG XR",
    b"II": "TIFF",
    b"MM": "TIFF",
}
"""What formats begin with that hold HDR pictures and have no gain maps."""
_HARDLY_SDR = ("OpenEXR", "Radiance", "JPEG XR")

_PARSERS: dict[Kind, Callable[[bytes, Limits], GainMapFile]] = {
    "jpeg": parse_jpeg,
    "heif": parse_heif,
    "jxl": parse_jxl,
}
_SERIALIZERS: dict[Kind, Callable[[GainMapFile, list[str]], bytes]] = {
    "jpeg": serialize_jpeg,
    "heif": serialize_heif,
    "jxl": serialize_jxl,
}

SUFFIXES: dict[Container, tuple[str, ...]] = {
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "heic": (".heic", ".heif", ".hif", ".heics", ".heifs"),
    "avif": (".avif", ".avifs"),
    "jxl": (".jxl",),
}
"""What names of files end in, of each container the usual one first."""


NAMED: dict[Container, str] = {"jpeg": "a JPEG", "heic": "a HEIC", "avif": "an AVIF", "jxl": "a JPEG XL"}
"""What messages call a file of each."""
_KINDS: dict[Container, Kind] = {"jpeg": "jpeg", "heic": "heif", "avif": "heif", "jxl": "jxl"}


def sniff(data: bytes) -> Kind | None:
    """The kind of a file by its first 12 bytes: "heif" for all that begin with a box ftyp; None for none of them."""
    if data.startswith(SOI + b"\xff"):
        return "jpeg"
    if is_jxl(data):
        return "jxl"
    return "heif" if data[4:8] == b"ftyp" else None


def container_of(data: bytes, name: str) -> Container | None:
    """The container that a file's first bytes tell, where its name has the suffix of another; else None."""
    kind, suffix = sniff(data), splitext(name)[1].lower()
    if kind == "jpeg" or kind == "jxl":
        return None if suffix in SUFFIXES[kind] else kind
    if kind is None or suffix in (*SUFFIXES["heic"], *SUFFIXES["avif"]):
        return None
    return "avif" if data[8:12] in (b"avif", b"avis") else "heic"


def may_have_gain_map(data: bytes) -> bool:
    """Whether `data` start like a file that `parse_file` reads."""
    return sniff(data) is not None


def hdr_format(data: bytes) -> str | None:
    """The format that the first bytes name, of those that hold HDR pictures and no gain maps; or None."""
    return next((kind for magic, kind in _HDR_FORMATS.items() if data.startswith(magic)), None)


def hdr_picture(data: bytes) -> str | None:
    """The same, of those among them that hardly hold SDR."""
    kind = hdr_format(data)
    return kind if kind in _HARDLY_SDR else None


def parse_file(data: bytes, name: str, limits: Limits) -> GainMapFile:
    """Everything that we know in a JPEG, HEIC, AVIF or JPEG XL file, told by its first bytes.

    Args:
        data: The whole file.
        name: What messages call it.
        limits: What it may ask for; its work is counted from here on, or from where `of_one_file` was asked for.
    Raises:
        FormatError: None of these, or the base image is broken.
        UnsupportedError: A base image that is not read.
        LimitError: Over `limits`.
    """
    kind = sniff(data)
    if kind is None:
        raise FormatError(name, f"expected a JPEG, HEIC, AVIF or JPEG XL file, got {beginning_of(data)}")
    limits = limits.of_one_file()
    with naming(name):
        return _PARSERS[kind](data, limits)


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Errors about what is in a file begin with its name, if they do not already; "" is none."""
    try:
        yield
    except (FormatError, UnsupportedError, LimitError) as error:
        told = printable(name)
        if not name or str(error).startswith((f"{told}: ", f"{told} at byte ")):
            raise
        if isinstance(error, FormatError):
            raise FormatError(f"{name}: {error.where}", error.problem, offset=error.offset) from error
        raise type(error)(f"{name}: {error}") from error


def beginning_of(data: bytes) -> str:
    """What a file is that `parse_file` does not read."""
    if kind := hdr_picture(data):
        return f"an HDR picture in {kind}: `encode` makes a photo of it; in Python, HdrImage.open reads it"
    if kind := hdr_format(data):
        return f"a picture in {kind}, which has no gain map: `encode` makes a photo of it"
    return f"one that begins with {data[:4]!r}" if data else "an empty file"


def missing_of(data: bytes, limits: Limits) -> tuple[str, ...]:
    """What is missing of a file that `parse_file` refuses, a line each: of a file of boxes, where these can be read.

    Of a JPEG, whether it is cut off in its header.
    """
    kind = sniff(data)
    if kind is None:
        return ()
    try:
        if kind == "jpeg":
            return (CUT_IN_HEADER,) if is_cut_in_header(data, 0, len(data)) else ()
        if kind == "jxl":
            return open_jxl(data, limits.of_one_file()).missing
        return tuple(damage_of(open_heif(data, limits.of_one_file())))
    except GainMapError:
        return ()


def serialize_file(file: GainMapFile, notes: list[str]) -> bytes:
    """The file's bytes in its `container`; the coded bytes of base and gain map are those of the record.

    Args:
        file: What to write.
        notes: Gets a line for each thing that could not be written.
    Raises:
        ValueError, FormatError, UnsupportedError, LimitError: As `serialize_jpeg`, `serialize_heif`, `serialize_jxl`.
    """
    return _SERIALIZERS[_KINDS[file.container]](file, notes)


def can_hold(container: Container, image: CodedImage) -> bool:
    """Whether a picture may stay as it is coded in a container; in JPEG XL, none does that is cut off."""
    return image.codec in ABILITIES[container].codecs and (container != "jxl" or _is_whole(image))


def _is_whole(image: CodedImage) -> bool:
    """Whether a picture in a JPEG XL file, or a JPEG that is to be packed there, is not cut off."""
    return segments_of(image).complete if image.codec == "jpeg" else jxl_is_whole(image)


def moved(file: GainMapFile, container: Container, notes: list[str]) -> GainMapFile:
    """The record as that of a file of a container that can hold its base as it is coded.

    Args:
        notes: Gets a line where damaged EXIF is replaced.
    """
    return turned_by_exif(replace(with_others_for(file, container, file.base.codec), container=container), notes)


def turned_by_exif(file: GainMapFile, notes: list[str]) -> GainMapFile:
    """The record with EXIF that says how the base is turned, where nothing else in its container does."""
    if file.can.has_orientation or orientation(file.exif or b"") == file.orientation:
        return file
    return replace(file, exif=with_orientation(file.exif, file.orientation, notes))


def with_others_for(file: GainMapFile, container: Container, codec: Codec) -> GainMapFile:
    """The record with what a file of another container, or of the same, has of what stands beside its pictures.

    Readers of a JPEG pass over what stands behind its pictures, those of files of boxes over what stands behind these;
    neither looks for the other's. A gain map that cannot be used is not written again.

    Args:
        codec: Of the base to be: what stands behind a JPEG is packed with it.
    """
    extras = file.extras if _KINDS[file.container] == _KINDS[container] else None
    items = heif_extras(extras)
    if items is not None and file.refused:
        extras = heif.without_gain_maps(items)
    return replace(file, others=_others_for(file, container, codec), extras=extras)


def _others_for(file: GainMapFile, container: Container, codec: Codec) -> tuple[OtherPart, ...]:
    if _surroundings(file.container, file.base.codec) != _surroundings(container, codec):
        return ()
    found = tuple(part for part in file.others if part.kind != "gain map")
    is_packed = container == "jxl" and codec == "jpeg"
    return () if is_packed and sum(len(part.data) for part in found) > MOST_BYTES_BEHIND else found


def _surroundings(container: Container, codec: Codec) -> Kind:
    """In whose way others stand beside a base: in that of JPEG files also beside a packed JPEG."""
    return "jpeg" if codec == "jpeg" else _KINDS[container]


def lost_others(file: GainMapFile, container: Container, codec: Codec) -> Iterator[str]:
    """A line about each of the others that `with_others_for` leaves out."""
    kept = _others_for(file, container, codec)
    for part in file.others:
        if part.kind == "gain map" and not file.refused:
            yield f"a gain map that is not used, {len(part.data):,} bytes: not kept"
        elif part.kind != "gain map" and part not in kept:
            yield f"{describe_other(part)}: not carried into {NAMED[container]} file"


def lost_extras(file: GainMapFile, container: Container) -> Iterator[str]:
    """A line about each sort of part that is in boxes of its own, which only files of the same kind have."""
    if _KINDS[file.container] != _KINDS[container]:
        for part in other_parts(file.extras):
            yield f"{part}: not kept in {NAMED[container]}"


def has_alpha(extras: ContainerExtras | None) -> bool:
    """Whether the base of a file with these extras is transparent in places."""
    return heif.has_alpha(extras) or jxl.has_alpha(extras)


def other_parts(extras: ContainerExtras | None) -> list[str]:
    """What extras hold of the picture, a line for each sort."""
    return [*heif.other_parts(extras), *jxl.other_parts(extras)]


def digest_of(image: CodedImage) -> bytes:
    """The `base_digest` of a file with this base, without writing and reading one.

    Raises:
        FormatError, UnsupportedError: The coded picture is broken.
    """
    if image.codec == "jpeg":
        return coded_digest(segments_of(image))
    return codestream_digest(image) if image.codec == "jxl" else stand_alone_digest(image)


def sampling_of(image: CodedImage) -> Sampling:
    """How the chroma of a coded picture is stored; errors as `digest_of`."""
    if image.codec == "jpeg":
        return sampling_of_frame(segments_of(image))
    return codestream_sampling(image) if image.codec == "jxl" else stand_alone_sampling(image)


def named_for(name: str, container: Container | None) -> str:
    """The name with a suffix of the container: its own where that is one, or where the container is None."""
    stem, suffix = splitext(name)
    if container is None or suffix.lower() in SUFFIXES[container]:
        return name
    return stem + SUFFIXES[container][0]


def check_name(name: str, container: Container) -> None:
    """Raise ValueError for a file's name whose suffix is not one of its container."""
    suffix = splitext(name)[1]
    if suffix.lower() not in SUFFIXES[container]:
        expected = f"a name ending in {listed(SUFFIXES[container])} for {NAMED[container]}"
        raise ValueError(f"{name}: expected {expected}, got {suffix or 'none'}")
