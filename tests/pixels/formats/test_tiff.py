"""TIFF: what its tags may ask for, and the layouts of 16 bits that are read."""

from __future__ import annotations

import io
import struct

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from gainmap_codec.errors import FormatError, LimitError, Limits, UnsupportedError
from gainmap_codec.pixels.formats.hdr_files import read_hdr
from gainmap_codec.pixels.formats.images import read_base
from gainmap_codec.pixels.formats.tiff import tiff_codes
from support.hdr_files import codes_of, picture

SMALL = Limits(pixels=1 << 10)
GREY = {256: 16, 257: 16, 258: 16, 259: 1, 262: 1, 273: 0, 277: 1, 278: 16, 279: 512}


def tiff(*tags: tuple[int, int], big: bool = False) -> bytes:
    """A little-endian TIFF of LONG tags in this order; tag 273, where the pixels are, says so."""
    count, entry, start = ("<Q", "<HHQQ", 16) if big else ("<H", "<HHII", 8)
    end = start + struct.calcsize(count) + len(tags) * struct.calcsize(entry) + start // 2
    values = [(tag, 4, 1, end if tag == 273 else value) for tag, value in tags]
    table = struct.pack(count, len(tags)) + b"".join(struct.pack(entry, *value) for value in values)
    header = struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16) if big else struct.pack("<2sHI", b"II", 42, 8)
    return header + table + bytes(start // 2) + bytes(512)


def written(codes: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, codes, **options)  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"photometric": "rgb"}, (40, 56, 3)),
        ({"photometric": "rgb", "bigtiff": True}, (40, 56, 3)),
        ({"photometric": "rgb", "byteorder": ">", "rowsperstrip": 7}, (40, 56, 3)),
        ({"photometric": "rgb", "tile": (16, 32), "compression": "deflate"}, (40, 56, 3)),
        ({"photometric": "rgb", "compression": "lzw", "predictor": True}, (40, 56, 3)),
        ({"photometric": "rgb", "planarconfig": "separate"}, (3, 40, 56)),
        ({"photometric": "rgb", "planarconfig": "separate", "tile": (16, 16)}, (3, 40, 56)),
        ({"photometric": "minisblack"}, (40, 56)),
    ],
)
def test_every_layout_gives_the_same_code_values(options: dict[str, object], shape: tuple[int, ...]) -> None:
    codes = np.random.default_rng(0).integers(0, 1 << 16, shape, np.uint16)
    wanted = np.moveaxis(codes, 0, 2) if shape[0] == 3 else codes
    np.testing.assert_array_equal(tiff_codes(written(codes, **options), "a.tif", Limits()), wanted)


def test_of_several_pages_the_first_is_read() -> None:
    pages = [codes_of(16, picture(20, 30)), codes_of(16, picture(200, 300))]
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for page in pages:
            writer.write(page, photometric="rgb")
    np.testing.assert_array_equal(tiff_codes(stream.getvalue(), "a.tif", SMALL), pages[0])


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({256: 1 << 20}, LimitError, "expected at most 1024, got 16777216"),
        ({257: (1 << 32) - 1}, LimitError, "got 68719476720"),
        ({277: 1 << 15}, LimitError, "got 2097152"),
        ({322: 60000, 323: 60000}, LimitError, "got 3600000000"),
        ({32997: 10_000_000}, UnsupportedError, "expected a flat TIFF, got one with a depth of 10000000"),
        ({322: 16, 323: 16, 32998: 1 << 20}, UnsupportedError, "with a depth of 1048576"),
        ({256: 0}, FormatError, "expected a size above 0, got 0 x 16 of 1 samples"),
    ],
)
def test_nothing_is_decoded_before_its_size_is_known(
    changes: dict[int, int], error: type[Exception], message: str, big: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imagecodecs, "tiff_decode", lambda *_, **__: pytest.fail("it was decoded"))
    for read in (read_hdr, read_base):
        with pytest.raises(error, match=message):
            read(tiff(*sorted({**GREY, **changes}.items()), big=big), limits=SMALL)


@pytest.mark.parametrize("tag", [256, 257, 258, 277])
@pytest.mark.parametrize("is_first", [False, True])
def test_a_tag_that_stands_there_twice_is_refused(tag: int, is_first: bool) -> None:
    again = [(tag, 4), (tag, GREY[tag])]
    tags = [
        pair
        for number in GREY
        for pair in (again[:: 1 if is_first else -1] if number == tag else [(number, GREY[number])])
    ]
    for read in (read_hdr, read_base):
        with pytest.raises(FormatError, match=f"expected each tag once, got tag {tag} twice"):
            read(tiff(*tags))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({258: 12}, "expected a TIFF of 16-bit integers, got uint12"),
        ({339: 2}, "got int16"),
        ({339: 3}, "got float16"),
        ({262: 0}, r"expected a TIFF of grey \(1\) or RGB \(2\), got colours 0"),
        ({262: 3}, "got colours 3"),
        ({259: 34925}, "expected TIFF compression none, LZW, Deflate, PackBits, Zstandard, got number 34925"),
    ],
)
def test_other_kinds_of_16_bits_are_refused(changes: dict[int, int], message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        read_hdr(tiff(*sorted({**GREY, **changes}.items())))


def test_a_tiff_without_its_pixels_is_broken() -> None:
    for cut in (6, 9, 60, 400):
        with pytest.raises(FormatError, match="broken TIFF file"):
            read_hdr(tiff(*GREY.items())[:cut])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_read_upright(orientation: int) -> None:
    codes = np.random.default_rng(0).integers(0, 1 << 16, (4, 6, 3), np.uint16)
    data = written(codes, photometric="rgb", extratags=[(274, "H", 1, orientation, True)])
    eight_bits = Image.fromarray((codes >> 8).astype(np.uint8))
    eight_bits.getexif()[274] = orientation
    np.testing.assert_array_equal(
        tiff_codes(data, "a.tif", Limits()) >> 8, np.asarray(ImageOps.exif_transpose(eight_bits))
    )
