"""Baseline codecs: what they give back, and which of their bytes count."""

from __future__ import annotations

import numpy as np
import pytest

from gainmap_bench.methods.coders import AVIF, CODERS, HEIC, JPEG, JPEG_XL, Coder, coded_bytes
from gainmap_codec.errors import Limits
from gainmap_codec.files.boxes import BoxFile


def gradient(channels: int) -> np.ndarray:
    y, x = np.mgrid[:48, :64]
    planes = [128 + 100 * np.sin(x / (9 + c)) * np.cos(y / (11 - c)) for c in range(channels)]
    return np.stack(planes, axis=2).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("coder", CODERS.values(), ids=CODERS)
def test_quality_rises_with_bytes(coder: Coder, channels: int) -> None:
    codes = gradient(channels)
    files = [coder.encode(codes, quality) for quality in (coder.qualities[2], coder.qualities[-1])]
    decoded = [coder.decode(data) for data in files]
    errors = [np.abs(each.astype(int) - codes).mean() for each in decoded]
    assert all(each.shape == codes.shape and each.dtype == np.uint8 for each in decoded)
    assert errors[1] < errors[0] < 25
    assert errors[1] < 2.5
    assert coder.count(files[0]) < coder.count(files[1])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("coder", "record"), [(AVIF, b"av1C"), (HEIC, b"hvcC")], ids=["avif", "heic"])
def test_counted_bytes_and_boxes_are_the_file(coder: Coder, record: bytes, channels: int) -> None:
    data = coder.encode(gradient(channels), coder.qualities[6])
    top = BoxFile(data, Limits()).top_level()
    assert [box.kind for box in top] == [b"ftyp", b"meta", b"mdat"]
    start = data.index(record)
    record_bytes = int.from_bytes(data[start - 4 : start], "big") - 8
    container = top[2].body - record_bytes
    assert coded_bytes(data) + container == len(data)
    assert 200 < container < 450


@pytest.mark.parametrize(("channels", "monochrome"), [(1, True), (3, False)])
def test_grey_maps_are_coded_without_chroma(channels: int, monochrome: bool) -> None:
    avif, heic = (coder.encode(gradient(channels), 50) for coder in (AVIF, HEIC))
    av1_flags = avif[avif.index(b"av1C") + 6]  # AV1-ISOBMFF 2.3.3
    chroma_format = heic[heic.index(b"hvcC") + 4 + 16] & 3  # ISO/IEC 14496-15 8.3.3.1.2
    assert (bool(av1_flags & 0x10), chroma_format == 0) == (monochrome, monochrome)


def test_jpeg_and_jpeg_xl_have_no_container() -> None:
    for coder in (JPEG, JPEG_XL):
        data = coder.encode(gradient(1), coder.qualities[6])
        assert coder.count(data) == len(data)
        assert data[:2] in (b"\xff\xd8", b"\xff\x0a")
