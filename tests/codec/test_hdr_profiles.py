"""Pictures that are HDR by the cicp tag of their ICC profile, in every container and through every verb."""

from __future__ import annotations

import io
import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
import gainmap_codec.pillow
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.records import CODECS, Container, GainMapFile
from gainmap_codec.pixels.color.code_points import hdr_of_profile
from gainmap_codec.pixels.color.icc_profile import icc_profile_for, pq_icc_profile
from gainmap_codec.pixels.color.light import pq_encode
from gainmap_codec.pixels.formats.coded_image import code_picture
from gainmap_codec.pixels.formats.hdr_files import read_hdr
from support.container_files import CONTAINERS, serialized
from support.heif_records import ramp, read

PQ = Nclx(9, 16, 9, True)
P3_HLG = pq_icc_profile().replace(bytes([9, 16, 0, 1]), bytes([12, 18, 0, 1]))


def codes_of(container: Container) -> np.ndarray:
    bits = 8 if container == "jpeg" else 10
    codes = ramp(64, 96, bits=bits) // 2 + (1 << (bits - 2))
    return codes.astype(np.uint8 if bits == 8 else np.uint16)


def file(container: Container, profile: bytes = pq_icc_profile()) -> bytes:
    codes = codes_of(container)
    bits = 8 if container == "jpeg" else 10
    base = code_picture(codes, CODECS[container], quality=100, icc_profile=profile, nclx=PQ, bits=bits)
    return serialized(
        GainMapFile(container, replace(base, nclx=PQ if container in ("heic", "avif") else None), bytes(4))
    )


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_light_is_what_the_code_points_say(container: Container) -> None:
    data = file(container)
    codes = codes_of(container)
    image = gm.decode(data)
    largest = 255 if container == "jpeg" else 1023
    assert np.abs(pq_encode(image.pixels) * largest - codes).max() < 3.1
    assert image.headroom is not None and image.headroom > 2
    assert np.array_equal(read_hdr(data).pixels, image.pixels)
    assert gm.inspect(data).base_is_hdr


@pytest.mark.parametrize("container", CONTAINERS)
def test_other_primaries_and_hlg(container: Container) -> None:
    data = file(container, P3_HLG)
    bits = 8 if container == "jpeg" else 10
    plain = code_picture(codes_of(container), "av1", quality=100, nclx=Nclx(12, 18, 6, True), bits=bits)
    wanted = gm.decode(serialized(GainMapFile("avif", plain, bytes(4)))).pixels
    assert np.abs(pq_encode(gm.decode(data).pixels) - pq_encode(wanted)).max() * 255 < 3


@pytest.mark.parametrize("source", CONTAINERS)
def test_edits_keep_it(source: Container) -> None:
    data = file(source)
    before = gm.decode(data).pixels
    assert np.array_equal(gm.decode(gm.transcode(data)).pixels, before)
    assert np.array_equal(gm.decode(gm.rotate(data, 180)).pixels, before[::-1, ::-1])
    for container in ("heic", "avif"):
        moved = gm.transcode(data, container=container, quality=100)
        assert np.abs(pq_encode(gm.decode(moved).pixels) - pq_encode(before)).max() * 255 < 5
    part = gm.decode(gm.crop(data, (8, 8, 40, 40), quality=100)).pixels
    assert np.abs(pq_encode(part) - pq_encode(before[8:40, 8:40])).max() * 255 < 5


@pytest.mark.parametrize("container", CONTAINERS)
def test_it_is_an_hdr_picture_for_encode_and_no_sdr_one(container: Container) -> None:
    data = file(container)
    encoded = gm.decode(gm.encode(data, carry="standard", map_scale=1))
    assert encoded.rendered_from == "standard"
    assert encoded.pixels.max() > 3
    hdr = gm.HdrImage(np.full((64, 96, 3), 2, np.float32))
    with pytest.raises(gm.UnsupportedError, match="sdr: expected an SDR picture, got one in PQ or HLG"):
        gm.encode(hdr, sdr=data, carry="standard")


def test_a_png_with_such_a_profile_is_no_sdr_picture() -> None:
    stream = io.BytesIO()
    Image.fromarray(ramp(64, 96)).save(stream, "PNG", icc_profile=pq_icc_profile())
    with pytest.raises(gm.UnsupportedError, match="sdr: expected an SDR picture, got one in PQ or HLG"):
        gm.encode(gm.HdrImage(np.full((64, 96, 3), 2, np.float32)), sdr=stream.getvalue(), carry="standard")


def test_pillow_opens_such_a_jpeg_with_its_profile() -> None:
    image = gainmap_codec.pillow.open(file("jpeg"))
    assert image.info["icc_profile"] == pq_icc_profile()
    assert np.array_equal(np.asarray(image), read_codes(file("jpeg")))


def read_codes(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_a_file_written_again_says_it_by_code_points() -> None:
    assert read(gm.transcode(file("jpeg"), container="avif")).base.nclx == Nclx(9, 16, 6, True)


def test_broken_tags_and_other_curves_say_nothing() -> None:
    profile = pq_icc_profile()
    assert hdr_of_profile(profile) == Nclx(9, 16, 0, True)
    assert hdr_of_profile(icc_profile_for("srgb")) is None
    assert hdr_of_profile(profile.replace(bytes([9, 16, 0, 1]), bytes([9, 13, 0, 1]))) is None
    assert hdr_of_profile(profile[:128] + struct.pack(">I", 0xFFFFFFFF) + profile[132:200]) is None
    at = profile.index(b"cicp") + 4
    assert hdr_of_profile(profile[:at] + struct.pack(">I", len(profile) - 10) + profile[at + 4 :]) is None
    assert all(hdr_of_profile(profile[:size]) is None for size in (0, 3, 131, 140, at + 2))
