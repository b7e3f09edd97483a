"""A grey base coded anew: three equal components in JPEG, as Android's reader asks for, and one channel elsewhere."""

from __future__ import annotations

import io
from collections.abc import Callable

import imagecodecs
import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec import pillow
from gainmap_codec.files.container import digest_of
from gainmap_codec.files.records import CODECS, Container, GainMapFile, StoredGainMap
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image
from support.cases import ONE_CHANNEL
from support.container_files import CONTAINERS, parsed, serialized
from support.heif_records import ramp

GREY = ramp(48, 64, 1)


def grey_file(container: Container) -> bytes:
    codec = CODECS[container]
    base = code_picture(GREY, codec, quality=98)
    gain_map = StoredGainMap(code_picture(ramp(24, 32, 1), codec, quality=98), ONE_CHANNEL, "iso21496")
    return serialized(GainMapFile(container, base, digest_of(base), gain_map=gain_map))


def saved(data: bytes) -> bytes:
    stream = io.BytesIO()
    pillow.save(pillow.resize(pillow.open(data), (64, 48)), stream, format="JPEG", quality=95)
    return stream.getvalue()


EDITS: dict[str, Callable[[bytes], bytes]] = {
    "transcode": lambda data: gm.transcode(data, container="jpeg", quality=95),
    "crop": lambda data: gm.transcode(gm.crop(data, (0, 0, 48, 40), quality=95), container="jpeg", quality=95),
    "resize": lambda data: gm.transcode(gm.resize(data, (32, None), quality=95), container="jpeg", quality=95),
    "pillow": saved,
}


@pytest.mark.filterwarnings("ignore:the smaller picture is a larger file")
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("edit", EDITS)
def test_libultrahdr_shows_the_hdr_of_a_grey_base(container: Container, edit: str) -> None:
    data = EDITS[edit](grey_file(container))
    file = parsed(data)
    assert file.gain_map is not None
    assert (file.base.channels, file.gain_map.image.channels) == (3, 1)
    codes = decode_coded_image(file.base).astype(int)
    assert np.ptp(codes, axis=2).max() == 0, "equal to the last code"
    assert imagecodecs.ultrahdr_decode(data).shape[:2] == codes.shape[:2]


@pytest.mark.parametrize("container", ["heic", "avif"])
def test_elsewhere_one_channel_stays_one(container: Container) -> None:
    base = parsed(gm.transcode(grey_file("jpeg"), container=container, quality=95)).base
    assert base.channels == 1
    assert np.abs(decode_coded_image(base).astype(int) - GREY).max() < 8


def test_a_grey_jpeg_that_is_kept_is_kept() -> None:
    data = grey_file("jpeg")
    assert parsed(gm.rotate(data, 90)).base.channels == parsed(gm.transcode(data)).base.channels == 1
