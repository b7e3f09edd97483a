"""Frames in front of a picture's last one: what libjxl writes of them, and what may be asked for by few bytes."""

from __future__ import annotations

from dataclasses import replace

import imagecodecs
import pytest

import gainmap_codec as gm
from gainmap_codec.errors import FormatError, GainMapError, LimitError, Limits
from gainmap_codec.files.jxl.bits import in_bits
from gainmap_codec.files.jxl.frames import read_frames
from gainmap_codec.files.jxl.header import parse_header, serialize_header
from support.jxl_files import animation, layered, picture, walked

LAYERS = bytes.fromhex(
    "ff0a03054d00624d080800000000806467726f756e64000068004b188b1500d41763cc8b31e60524004814143010018130c6a12208881840"
    "400205221100000000528581b085e595c981dca1bdcd9581b885b59581a4cd81b0bdb99d010058004b188b15c2494351be80040049315f11"
    "00000000000008882470000a1eb71b00000000040070004b188b1500d419639c8c31ce052400201410001014150081303f8b220888043000"
    "01048800000000100048004b188b15c2494351be80040049315f110000080803073a7000000000000068004b188b1500d41763cc8b31e605"
    "24004814143010018130c6a122080830af00004002000040000068004b188b1500d41763cc8b31e60524004814143010018130c6a122"
)
"""24 x 16 RGBA of six layers by libjxl 0.7: names, crops (one larger than the picture), blendings, time codes."""
STEPWISE = bytes.fromhex(
    "ff0a58890e04488a1b010a01000024010038005800584a28a2baa57ad640133f8d200034031a429ac2a331a4393c9a84031cd0c1044030ee"
    "f6ff35700216730040164759b95c2e97cbe572b95c2e97cbe572b95c2e97cbe532e08304a20025141a111f880900010b0c00000000000000"
    "0000005de5120000151a9204140c00006049220522bb1d78aa4a46565c930d1b557d7d0000d06f4fbf3d0281400000000a55469aa4a0a048"
    "07e4c4601dc61863a818004a300bfcaf0024c9bd7692a427274992170e244992ff632449927f0440cd3f00007553aa0a68a8aa0a72a001a1"
    "2401"
)
"""520 x 300 in grey by libjxl 0.7: a frame of an eighth of the size, and one whose parts begin in the middle."""

pytestmark = pytest.mark.filterwarnings("ignore:the picture moves")


@pytest.mark.parametrize(
    ("codestream", "frames"),
    [
        (LAYERS, [(384, 1, False), (384, 1, False), (1200, 1, False), (384, 1, False), (384, 1, True), (384, 1, True)]),
        (STEPWISE, [(65 * 38, 1, False), (520 * 300, 9, True)]),
        (layered(3), 2 * [(4096, 1, False)] + [(4096, 1, True)]),
        (animation(3), 3 * [(4096, 1, True)]),
        (picture(600, 300), [(600 * 300, 2 + 1 + 2 * 3, True)]),
    ],
    ids=["layers", "stepwise", "without time", "animation", "one"],
)
def test_frames_end_where_the_file_does(codestream: bytes, frames: list[tuple[int, int, bool]]) -> None:
    imagecodecs.jpegxl_decode(codestream, index=0)
    assert walked(codestream) == (frames, 8 * len(codestream))


@pytest.mark.parametrize(
    ("codestream", "pixels"),
    [(layered(4), 3 * 4096), (LAYERS, 1200 + 3 * 384), (animation(4), 4096)],
    ids=["without time", "layers", "animation"],
)
def test_layers_count_as_pixels(codestream: bytes, pixels: int) -> None:
    assert gm.decode(codestream, limits=Limits(pixels=pixels)).pixels.size
    with pytest.raises(LimitError, match="pixels"):
        gm.inspect(codestream, limits=Limits(pixels=pixels - 1))


def test_a_layer_may_be_larger_than_the_picture() -> None:
    with pytest.raises(LimitError, match="pixels: expected at most 1199, got 1200"):
        gm.inspect(LAYERS, limits=Limits(pixels=1199))


def test_thousands_of_frames() -> None:
    """Each takes libjxl half a millisecond at least, and 0.2 s of a photo's size, whatever it holds."""
    with pytest.raises(LimitError, match="work"):
        gm.inspect(layered(10_000, 8))
    with pytest.raises(LimitError, match="pixels"):
        gm.inspect(layered(1000, 1024))
    assert gm.decode(animation(10_000, 1024)).warnings == ("the picture moves: its first frame stands for all of it",)


def test_a_preview_stands_in_front() -> None:
    small, large = picture(16, 8), picture(24, 16)
    preview = "0" + "1" + "1" + "01" + in_bits(0, 5) + "000" + "01" + in_bits(1, 5) + "0"  # 8 rows, 16 columns
    header = replace(parse_header(large), times_and_previews=preview)
    frames = small[parse_header(small).size :] + large[parse_header(large).size :]
    codestream = serialize_header(header) + frames
    assert parse_header(codestream).preview == (16, 8)
    assert (imagecodecs.jpegxl_decode(codestream) == imagecodecs.jpegxl_decode(large)).all()
    assert (gm.decode(codestream).pixels == gm.decode(large).pixels).all()


@pytest.mark.parametrize("codestream", [LAYERS, STEPWISE], ids=["layers", "stepwise"])
def test_frames_that_are_cut_off_or_broken(codestream: bytes) -> None:
    header = parse_header(codestream)
    for size in range(header.size, len(codestream)):
        read_frames(codestream[:size], header, 1, Limits())
    for place in range(8 * header.size, 8 * len(codestream)):
        broken = bytearray(codestream)
        broken[place // 8] ^= 1 << place % 8
        try:
            read_frames(bytes(broken), header, 1, Limits())
        except GainMapError as error:
            assert isinstance(error, FormatError | LimitError)
