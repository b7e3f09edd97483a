"""Metadata that a JPEG has no room for never cost the picture, whichever verb writes it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from functools import cache

import pytest

import gainmap_codec as gm
from gainmap_codec import pillow
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.jpeg.xmp_segments import joined_xmp
from gainmap_codec.files.tags.exif import orientation
from support.long_exif import exif
from support.pipeline_files import made
from support.xmp_packets import packet

EXIF = exif(b"a note of its maker", 192_000, turn=1)
XMP = packet('dc:rights="me"', f"<dc:look>{'&gt;' * 18_000}</dc:look>")  # 18 KB as text, 72 KB as XML
SHORT_OF_OURS = packet(f'dc:rights="me" dc:look="{"x" * 64_900}"')


@cache
def bare() -> bytes:
    return gm.transcode(made(standard=True), strip="all")


def heic() -> bytes:
    return gm.transcode(bare(), container="heic")


def with_long_metadata() -> bytes:
    """A HEIC: there is room in it for all."""
    data = gm.encode(bare(), heic(), exif=EXIF, xmp=XMP, carry="standard", container="heic")
    file = parse_file(data, "file", Limits())
    assert (file.exif, file.xmp) == (EXIF, XMP)
    return data


def saved(data: bytes) -> bytes:
    stream = io.BytesIO()
    pillow.save(pillow.open(data), stream, format="JPEG")
    return stream.getvalue()


def edited(data: bytes) -> bytes:
    """Pixels that no longer fit the HDR: Pillow writes the file."""
    stream = io.BytesIO()
    pillow.save(pillow.open(data).rotate(17), stream, format="JPEG")
    return stream.getvalue()


VERBS: dict[str, Callable[[], bytes]] = {
    "transcode": lambda: gm.transcode(with_long_metadata(), container="jpeg"),
    "encode": lambda: gm.encode(bare(), exif=EXIF, xmp=XMP, carry="standard"),
    "sdr": lambda: gm.encode(bare(), with_long_metadata(), carry="standard"),
    "pillow": lambda: saved(with_long_metadata()),
    "Pillow's own": lambda: edited(with_long_metadata()),
}


@pytest.mark.parametrize("verb", VERBS)
def test_the_picture_is_written_and_what_is_lost_is_told(verb: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = VERBS[verb]()
    said = [str(warning.message) for warning in caught]
    assert f"EXIF of {len(EXIF)} bytes does not fit a JPEG: it is written without its thumbnail" in said
    file = parse_file(data, "file", Limits())
    assert file.exif is not None and b"a note of its maker" in file.exif and orientation(file.exif) == 1
    if verb == "Pillow's own":
        return
    assert file.gain_map is not None
    whole = joined_xmp(file.xmp, file.base)
    assert whole is not None and b'rights="me"' in whole and whole.count(b"&gt;") == 18_000
    assert len(said) == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "verb",
    [
        gm.transcode,
        lambda data: gm.crop(data, (0, 0, 48, 32)),
        lambda data: gm.resize(data, (48, None)),
        lambda data: gm.rotate(data, 90),
        lambda data: gm.flip(data, "horizontal"),
        saved,
    ],
)
def test_a_packet_that_leaves_no_room_for_ours(verb: Callable[[bytes], bytes]) -> None:
    plain = gm.encode(bare(), exif=b"", xmp=SHORT_OF_OURS, carry="standard")
    file = parse_file(verb(plain), "file", Limits())
    assert file.gain_map is not None and file.warnings == ()
    whole = joined_xmp(file.xmp, file.base)
    assert whole is not None and b"x" * 64_900 in whole


def test_an_extension_becomes_a_part_of_the_packet_elsewhere() -> None:
    data = gm.encode(bare(), exif=b"", xmp=XMP, carry="standard")
    for container in ("heic", "avif"):
        there = gm.transcode(data, container=container)
        packet = parse_file(there, "file", Limits()).xmp or b""
        assert packet.count(b"&gt;") == 18_000 and b"HasExtendedXMP" not in packet
        back = parse_file(gm.transcode(there, container="jpeg"), "file", Limits())
        assert (joined_xmp(back.xmp, back.base) or b"").count(b"&gt;") == 18_000


@pytest.mark.parametrize("profile", [b"no profile at all", b"\0" * 128 + b"rest"])
def test_a_broken_profile_costs_nothing(profile: bytes) -> None:
    with pytest.warns(gm.GainMapWarning):
        data = gm.encode(bare(), icc_profile=profile, carry="standard")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert parse_file(data, "file", Limits()).base.icc_profile == profile
        for verb in (gm.transcode, lambda data: gm.crop(data, (0, 0, 48, 32))):
            assert parse_file(verb(data), "file", Limits()).base.icc_profile == profile


def test_a_profile_of_several_segments() -> None:
    data = gm.encode(bare(), carry="standard")
    profile = parse_file(data, "file", Limits()).base.icc_profile
    assert profile is not None
    size = 150_000
    long = size.to_bytes(4, "big") + profile[4:] + bytes(size - len(profile))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = gm.encode(bare(), icc_profile=long, carry="standard")
        for verb in (gm.transcode, lambda data: gm.crop(data, (0, 0, 48, 32))):
            assert parse_file(verb(written), "file", Limits()).base.icc_profile == long
