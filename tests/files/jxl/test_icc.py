"""ICC profiles in codestreams: as libjxl packs them, and as it unpacks ours."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from gainmap_codec.errors import FormatError
from gainmap_codec.files.jxl.bits import BitReader, in_bits, in_bytes
from gainmap_codec.files.jxl.header import ColorEncoding, ImageHeader, parse_header, serialize_header
from gainmap_codec.files.jxl.icc import MOST_BYTES, read_icc, serialize_icc
from gainmap_codec.pixels.color.icc_profile import icc_profile_for, pq_icc_profile
from support.jxl_files import codestream_of
from support.profiles import curv, grey_profile

RNG = np.random.default_rng(7)


def with_private_tag(profile: bytes, data: bytes) -> bytes:
    """A profile with one tag more, which nobody knows."""
    (count,) = struct.unpack_from(">I", profile, 128)
    tags = [struct.unpack_from(">4sII", profile, 132 + 12 * index) for index in range(count)]
    body = profile[132 + 12 * count :]
    tags = [(name, start + 12, size) for name, start, size in tags]
    tags.append((b"priv", 144 + 12 * count + len(body), 8 + len(data)))
    table = struct.pack(">I", len(tags)) + b"".join(struct.pack(">4sII", *tag) for tag in tags)
    whole = profile[:128] + table + body + b"data" + bytes(4) + data
    return struct.pack(">I", len(whole)) + whole[4:]


P3 = icc_profile_for("display-p3")
POWER = np.linspace(0, 1, 1024) ** 2.2
PROFILES = {
    "short": P3,
    "PQ, a table of 4096": pq_icc_profile(),
    "zeros": with_private_tag(P3, bytes(5000)),
    "noise": with_private_tag(P3, RNG.bytes(3000)),
    "few values": with_private_tag(P3, RNG.integers(0, 3, 4000, np.uint8).tobytes()),
    "text": with_private_tag(P3, b"the quick brown fox. " * 100),
    "16-bit curve": with_private_tag(P3, (POWER * 65535).astype(">u2").tobytes()),
    "32-bit curve": with_private_tag(P3, (POWER * (1 << 31)).astype(">u4").tobytes()),
    "runs": with_private_tag(P3, b"".join(RNG.bytes(20) + bytes(60) for _ in range(50))),
    "XYZ": with_private_tag(P3, b"".join(b"XYZ " + bytes(4) + RNG.bytes(12) for _ in range(30))),
    "vendor": P3[:40] + b"APPL" + P3[44:],
    "SGI": P3[:40] + b"SGI " + P3[44:],
    "nearly SUN": P3[:40] + b"SUNX" + P3[44:],
    "grey": grey_profile(curv(461)),
}


def packed_by_libjxl(profile: bytes) -> bytes:
    """A codestream with the profile, which libjxl has from a JPEG."""
    stream = io.BytesIO()
    mode = "L" if profile[16:20] == b"GRAY" else "RGB"
    Image.new(mode, (16, 16), 99).save(stream, "JPEG", icc_profile=profile)
    return codestream_of(bytes(imagecodecs.jpegxl_encode_jpeg(stream.getvalue())))


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_packed_by_libjxl(name: str) -> None:
    header = parse_header(packed_by_libjxl(PROFILES[name]))
    assert header.color.has_icc and header.icc_profile == PROFILES[name]


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_come_back(name: str) -> None:
    bits = serialize_icc(PROFILES[name])
    reader = BitReader(in_bytes(bits), "a picture")
    assert read_icc(reader) == PROFILES[name] and reader.position == len(bits)


@pytest.mark.parametrize("name", ["short", "noise", "grey"])
def test_libjxl_reads_ours(name: str, tmp_path: Path) -> None:
    """OpenImageIO tells the profile that libjxl has unpacked."""
    oiio = pytest.importorskip("OpenImageIO")
    profile = PROFILES[name]
    is_grey = profile[16:20] == b"GRAY"
    coded = bytes(imagecodecs.jpegxl_encode(np.full((8, 8) if is_grey else (8, 8, 3), 77, np.uint8)))
    header = parse_header(coded)
    told = ImageHeader(8, 8, is_xyb=False, color=ColorEncoding(int(is_grey), has_icc=True), icc_profile=profile)
    path = tmp_path / "picture.jxl"
    path.write_bytes(serialize_header(told) + coded[header.size :] + bytes(128))  # which OpenImageIO asks for
    found = oiio.ImageInput.open(str(path))
    assert found, oiio.geterror()
    assert bytes(found.spec()["ICCProfile"]) == profile
    assert (
        np.asarray(found.read_image("uint8")).reshape(8, 8, -1).tolist()
        == np.full((8, 8, 1 if is_grey else 3), 77).tolist()
    )


def test_what_is_broken_is_refused() -> None:
    whole = packed_by_libjxl(PROFILES["runs"])
    size = parse_header(whole).size
    for end in range(0, size, 7):
        with pytest.raises(FormatError):
            parse_header(whole[:end])
    for place in range(20, size, 5):
        broken = whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :]
        with suppress(FormatError):
            assert parse_header(broken).icc_profile != PROFILES["runs"]


def test_size_is_checked_first() -> None:
    for size in (MOST_BYTES + 1, 1 << 50):
        bits = "11" + in_bits(size & 4095, 12)
        for shift in range(12, 60, 8):
            bits += "1" + in_bits(size >> shift & 255, 8)
        with pytest.raises(
            FormatError, match=f"a picture: expected an ICC profile of at most 262144 bytes, got one of {size}"
        ):
            read_icc(BitReader(in_bytes(bits + "0"), "a picture"))
