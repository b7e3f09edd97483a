"""JPEG XL pictures: what others write means to us what they say, and what we write means the same to them.

OpenImageIO and djxl, which have a libjxl of their own, are the judges of colours.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from shutil import which
from typing import Any

import imagecodecs
import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from gainmap_codec.errors import NO_LIMITS, FormatError, UnsupportedError
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.jxl.header import ColorEncoding, ImageHeader, parse_header, serialize_header
from gainmap_codec.files.jxl.picture import coded_image
from gainmap_codec.files.records import Codec, CodedImage
from gainmap_codec.pixels.color.code_points import SRGB, color_of
from gainmap_codec.pixels.color.light import AnyCodes, Array, convert, pq_encode, srgb_encode
from gainmap_codec.pixels.formats import jpeg_xl
from gainmap_codec.pixels.formats.coded_image import code_picture, decode_coded_image
from gainmap_codec.pixels.formats.hdr_files import read_hdr
from gainmap_codec.pixels.formats.jpeg_xl import decode_jpeg_xl
from support.jxl_files import ADOBE_RGB, codestream_of
from support.profiles import curv, gamma_profile, grey_profile

CODECS: tuple[Codec, ...] = ("jxl", "av1")
P3, PQ = Nclx(12, 13, 0, True), Nclx(9, 16, 0, True)
HLG, BT709_GAMMA = Nclx(9, 18, 0, True), Nclx(1, 4, 0, True)


def smooth(height: int = 96, width: int = 128) -> NDArray[np.float64]:
    """Signals in 0.1…0.9, whose channels differ: (H, W, 3)."""
    y, x = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    return 0.1 + 0.8 * np.stack([x, y, (x + y) / 2], axis=2)


def codes_of(signals: NDArray[np.float64], bits: int) -> AnyCodes:
    codes = np.rint(signals * ((1 << bits) - 1))
    return codes.astype(np.uint8) if bits == 8 else codes.astype(np.uint16)


def seen_by_openimageio(codestream: bytes, folder: Path) -> tuple[NDArray[Any], Any]:
    """Code values (H, W, C) and what else OpenImageIO has read."""
    path = folder / "seen.jxl"
    path.write_bytes(codestream + bytes(128))  # it asks for so many
    found = oiio.ImageInput.open(str(path))
    assert found, oiio.geterror()
    spec = found.spec()
    return np.asarray(found.read_image(spec.format)).reshape(spec.height, spec.width, -1), spec


def written_by_openimageio(codes: AnyCodes, folder: Path, quality: int, **said: Any) -> bytes:
    path = folder / "written.jxl"
    spec = oiio.ImageSpec(codes.shape[1], codes.shape[0], 3, str(codes.dtype))
    if "cicp" in said:
        spec.attribute("CICP", oiio.TypeDesc("int[4]"), said["cicp"])
    if "profile" in said:
        profile = np.frombuffer(said["profile"], np.uint8)
        spec.attribute("ICCProfile", oiio.TypeDesc(f"uint8[{len(profile)}]"), profile)
    spec["Compression"] = f"jpegxl:{quality}"
    output = oiio.ImageOutput.create(str(path))
    assert output and output.open(str(path), spec) and output.write_image(codes) and output.close()
    return codestream_of(path.read_bytes())


def picture_of(codestream: bytes) -> CodedImage:
    return coded_image(codestream, parse_header(codestream))


def worst(found: NDArray[Any], wanted: NDArray[Any], bits: int) -> float:
    """In steps of 8 bits."""
    return float(np.abs(found.astype(np.float64) - wanted).max()) * 255 / ((1 << bits) - 1)


@pytest.mark.parametrize("bits", [8, 9, 10, 12, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_nothing_is_lost_at_100(bits: int, channels: int) -> None:
    signals = smooth()[..., 0] if channels == 1 else smooth()
    codes = codes_of(signals, bits)
    image = code_picture(codes, "jxl", quality=100, bits=bits, nclx=P3)
    assert (image.codec, image.bits, image.channels) == ("jxl", bits, channels)
    np.testing.assert_array_equal(decode_coded_image(image), codes)
    assert parse_header(image.data).is_xyb is False


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("nclx", [SRGB, P3, PQ, HLG, BT709_GAMMA, Nclx(6, 1, 6, True)])
def test_little_is_lost_above_90(bits: int, nclx: Nclx) -> None:
    codes = codes_of(smooth() * (0.6 if nclx == PQ else 1), bits)
    image = code_picture(codes, "jxl", quality=97, bits=bits, nclx=nclx)
    assert len(image.data) < 0.25 * codes.nbytes
    error = np.abs(decode_coded_image(image).astype(np.float64) - codes) * 255 / ((1 << bits) - 1)
    assert error.mean() < 1.2


@pytest.mark.parametrize("nclx", [SRGB, P3, PQ, HLG])
@pytest.mark.parametrize("quality", [80, 100])
def test_others_see_our_colours_and_pixels(nclx: Nclx, quality: int, tmp_path: Path) -> None:
    image = code_picture(codes_of(smooth() * 0.6, 16), "jxl", quality=quality, bits=16, nclx=nclx)
    seen, spec = seen_by_openimageio(image.data, tmp_path)
    assert tuple(spec.getattribute("CICP"))[:2] == nclx[:2]
    np.testing.assert_allclose(seen.astype(int), decode_coded_image(image).astype(int), atol=2)
    assert image.nclx == nclx._replace(matrix=0)


@pytest.mark.parametrize("nclx", [P3, PQ, HLG])
def test_djxl_sees_our_pixels(nclx: Nclx, tmp_path: Path) -> None:
    if which("djxl") is None:
        pytest.skip("djxl is not installed")
    image = code_picture(codes_of(smooth() * 0.6, 16), "jxl", quality=85, bits=16, nclx=nclx)
    (tmp_path / "picture.jxl").write_bytes(image.data)
    subprocess.run(["djxl", "picture.jxl", "picture.png"], cwd=tmp_path, check=True, capture_output=True)
    seen = imagecodecs.png_decode((tmp_path / "picture.png").read_bytes())
    np.testing.assert_allclose(seen.astype(int), decode_coded_image(image).astype(int), atol=16)


@pytest.mark.parametrize(
    ("cicp", "nclx"), [((1, 13, 0, 1), (1, 13)), ((12, 13, 0, 1), (12, 13)), ((9, 16, 0, 1), (9, 16))]
)
@pytest.mark.parametrize("kind", ["uint8", "uint16"])
@pytest.mark.parametrize("quality", [85, 100])
def test_we_see_their_colours_and_pixels(
    cicp: tuple[int, ...], nclx: tuple[int, int], kind: str, quality: int, tmp_path: Path
) -> None:
    codes = codes_of(smooth() * 0.6, 8 if kind == "uint8" else 16)
    image = picture_of(written_by_openimageio(codes, tmp_path, quality, cicp=cicp))
    assert image.nclx is not None and image.nclx[:2] == nclx and image.icc_profile is None
    seen, _ = seen_by_openimageio(image.data, tmp_path)
    np.testing.assert_allclose(
        decode_coded_image(image).astype(int), seen.astype(int), atol=2 if kind == "uint16" else 1
    )


def test_quality_and_bytes_are_those_of_libjxl(tmp_path: Path) -> None:
    """PQ by our light and header costs what it costs where libjxl is told of PQ."""
    noise = np.random.default_rng(3).normal(0, 0.01, (96, 128, 3))
    codes = codes_of(np.clip(smooth() * 0.6 + noise, 0, 1), 16)
    ours = code_picture(codes, "jxl", quality=90, bits=16, nclx=PQ, speed=3)
    theirs = picture_of(written_by_openimageio(codes, tmp_path, 90, cicp=(9, 16, 0, 1)))
    assert parse_header(ours.data).intensity_target == parse_header(theirs.data).intensity_target == 10_000
    assert len(ours.data) == pytest.approx(len(theirs.data), rel=0.1)
    errors = [np.abs(decode_coded_image(each).astype(float) - codes).mean() for each in (ours, theirs)]
    assert errors[0] == pytest.approx(errors[1], rel=0.1)


@pytest.mark.parametrize("quality", [90, 100])
def test_a_profile_is_kept(quality: int, tmp_path: Path) -> None:
    profile = gamma_profile("display-p3", 1.8)
    codes = codes_of(smooth(), 8)
    image = code_picture(codes, "jxl", quality=quality, icc_profile=profile)
    assert (image.icc_profile, image.nclx) == (profile, None)
    assert np.abs(decode_coded_image(image).astype(int) - codes).mean() < (1.5 if quality == 90 else 0.001)
    if quality == 100:  # of light, OpenImageIO tells linear sRGB
        assert bytes(seen_by_openimageio(image.data, tmp_path)[1]["ICCProfile"]) == profile


def test_light_of_a_profile_is_as_others_see_it(tmp_path: Path) -> None:
    """OpenImageIO is given linear BT.709 where a profile tells the colour of a picture that is coded in light."""
    image = code_picture(codes_of(smooth(), 16), "jxl", quality=97, bits=16, icc_profile=gamma_profile("srgb", 1.8))
    seen, _ = seen_by_openimageio(image.data, tmp_path)
    ours = color_of(image).linearize(decode_coded_image(image))
    np.testing.assert_allclose(ours, seen / 65535, atol=2e-4)


def test_grey_profiles_and_alpha() -> None:
    profile = grey_profile(curv(461))
    grey = codes_of(smooth()[..., 0], 8)
    for quality, most in ((100, 0), (90, 4)):
        image = code_picture(grey, "jxl", quality=quality, icc_profile=profile)
        assert image.icc_profile == profile and worst(decode_coded_image(image), grey, 8) <= most
    for shape in ((20, 30, 2), (20, 30, 4)):
        codes = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
        found = decode_coded_image(picture_of(codestream_of(bytes(imagecodecs.jpegxl_encode(codes)))))
        np.testing.assert_array_equal(found, codes[..., 0] if shape[2] == 2 else codes[..., :3])


@pytest.mark.parametrize("bits", [8, 16])
def test_chromaticities_become_a_profile(bits: int) -> None:
    """Adobe RGB told by numbers, as cjxl tells it: the profile that we make says the same light."""
    light = np.asarray(convert(np.asarray(smooth() ** 2.2, np.float32), "srgb", "srgb"), np.float32)
    coded = codestream_of(bytes(imagecodecs.jpegxl_encode(light, level=99)))
    header = parse_header(coded)
    told = replace(header, bits=bits, exponent_bits=0, color=ADOBE_RGB)
    image = picture_of(serialize_header(told) + coded[header.size :])
    assert image.nclx is None and image.icc_profile is not None
    color = color_of(image)
    found = color.convert_to_bt2020(color.linearize(decode_coded_image(image)))
    wanted = convert(light, "srgb", "bt2020")
    assert np.abs(pq_encode(found) - pq_encode(wanted)).max() * 1023 < 8


def test_a_packed_jpeg_is_decoded_by_its_own_colour() -> None:
    jpeg = bytes(imagecodecs.jpeg8_encode(codes_of(smooth(), 8), level=95))
    image = picture_of(codestream_of(bytes(imagecodecs.jpegxl_encode_jpeg(jpeg))))
    assert worst(decode_coded_image(image), imagecodecs.jpeg8_decode(jpeg), 8) <= 4
    assert image.icc_profile or (image.nclx and image.nclx[:2] == (1, 13))


def test_fewer_bits_and_floating_point_numbers() -> None:
    one = np.random.default_rng(2).integers(0, 16, (16, 24), np.uint8)
    coded = codestream_of(bytes(imagecodecs.jpegxl_encode(one, bitspersample=4)))
    image = picture_of(coded)
    assert image.bits == 8
    np.testing.assert_array_equal(decode_coded_image(image), one * 17)
    signals = smooth().astype(np.float32)
    image = picture_of(codestream_of(bytes(imagecodecs.jpegxl_encode(signals))))
    assert image.bits == 16 and image.nclx is not None and image.nclx.transfer == 8
    np.testing.assert_allclose(decode_coded_image(image), signals * 65535, atol=1)


def test_first_frame_of_an_animation() -> None:
    frames = np.random.default_rng(5).integers(0, 256, (3, 24, 32, 3), np.uint8)
    coded = codestream_of(bytes(imagecodecs.jpegxl_encode(frames)))
    assert parse_header(coded).is_animation
    np.testing.assert_array_equal(decode_jpeg_xl(coded), frames[0])


def test_pictures_are_not_turned() -> None:
    image = code_picture(codes_of(smooth(), 8), "jxl", quality=100)
    header = parse_header(image.data)
    turned = serialize_header(replace(header, orientation=6)) + image.data[header.size :]
    np.testing.assert_array_equal(decode_jpeg_xl(turned), codes_of(smooth(), 8))


def test_bytes_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = codes_of(smooth(600, 700), 8)
    found = set()
    for threads in (1, 2, 5):
        monkeypatch.setattr(jpeg_xl, "THREADS", threads)
        found |= {code_picture(codes, "jxl", quality=quality, nclx=P3).data for quality in (80, 100)}
    assert len(found) == 2


def test_quality_and_speed_cost_bytes_and_time() -> None:
    codes = codes_of(np.clip(smooth(256, 256) + np.random.default_rng(4).normal(0, 0.05, (256, 256, 3)), 0, 1), 8)
    sizes = [len(code_picture(codes, "jxl", quality=quality).data) for quality in (1, 30, 60, 90, 99)]
    assert sizes == sorted(sizes)
    codes = codes[:64, :64]
    for speed in range(11):
        assert decode_coded_image(code_picture(codes, "jxl", quality=100, speed=speed)).tolist() == codes.tolist()


def test_what_is_broken_or_unknown_is_refused() -> None:
    image = code_picture(codes_of(smooth(), 8), "jxl", quality=90)
    for end in (4, 20, len(image.data) // 2, len(image.data) - 1):
        with pytest.raises(FormatError):
            decode_coded_image(replace(image, data=image.data[:end]))
    with pytest.raises(FormatError, match="expected a picture of shape"):
        decode_coded_image(replace(image, width=64))
    with pytest.raises(UnsupportedError, match="JPEG XL: expected grey or RGB"):
        coded_image(b"", ImageHeader(8, 8, is_xyb=False, color=ColorEncoding(2)))
    with pytest.raises(ValueError, match=r"bits: expected 8 or 9 or .* or 16 in JXL, got 17"):
        code_picture(np.zeros((8, 8), np.uint16), "jxl", quality=90, bits=17)
    with pytest.raises(UnsupportedError, match="JXL: expected sides of at most 262144"):
        code_picture(np.zeros((1, 262145), np.uint8), "jxl", quality=90)


def light() -> Array:
    """Linear BT.2020 up to ten times SDR white."""
    return np.asarray(10 * smooth() ** 3, np.float32)


def test_hdr_pictures_of_others(tmp_path: Path) -> None:
    codes = np.rint(pq_encode(light()) * 65535).astype(np.uint16)
    for quality, most in ((100, 0.02), (97, 3)):  # on average; nothing is lost at 100 but in rounding
        coded = written_by_openimageio(codes, tmp_path, quality, cicp=(9, 16, 0, 1))
        found = read_hdr(coded)
        assert found.color_space == "bt2020"
        assert np.abs(pq_encode(found.pixels) - pq_encode(light())).mean() * 1023 < most


def test_linear_hdr_pictures() -> None:
    coded = codestream_of(bytes(imagecodecs.jpegxl_encode(light())))
    found = read_hdr(coded)
    assert found.color_space == "srgb"
    np.testing.assert_allclose(found.pixels, light(), rtol=1e-6)
    header = parse_header(coded)
    in_nits = serialize_header(replace(header, intensity_target=406.0)) + coded[header.size :]
    np.testing.assert_allclose(read_hdr(in_nits).pixels, 2 * light(), rtol=1e-5)
    lossy = read_hdr(codestream_of(bytes(imagecodecs.jpegxl_encode(light(), level=97))))
    assert np.abs(pq_encode(lossy.pixels) - pq_encode(light())).mean() * 1023 < 4


def test_hlg_is_shown_as_of_other_files(tmp_path: Path) -> None:
    codes = codes_of(smooth() * 0.9, 10)
    pictures = [code_picture(codes, codec, quality=100, bits=10, nclx=HLG) for codec in CODECS]
    ours, avif = (read_hdr(each.data) for each in pictures)
    np.testing.assert_allclose(ours.pixels, avif.pixels, rtol=0.02, atol=0.01)
    assert parse_header(pictures[0].data).intensity_target == 1000  # as libjxl has it


def test_sdr_pictures_are_no_hdr() -> None:
    with pytest.raises(UnsupportedError, match="not HDR: expected transfer 16"):
        read_hdr(code_picture(codes_of(smooth(), 8), "jxl", quality=90).data)


def test_a_map_keeps_its_values() -> None:
    """Its values are no colour: sRGB code values, as every reader gives them back."""
    ramp = np.asarray(np.tile(np.arange(256, dtype=np.uint8), (64, 1)))
    image = code_picture(ramp, "jxl", quality=95)
    assert worst(decode_coded_image(image), ramp, 8) <= 2
    parsed = parse_file(image.data, "test", NO_LIMITS).base
    assert (parsed.nclx, parsed.channels, parsed.bits) == (image.nclx, 1, 8)


def test_srgb_light_is_what_libjxl_makes_of_srgb(tmp_path: Path) -> None:
    image = code_picture(codes_of(smooth(), 16), "jxl", quality=97, bits=16, nclx=SRGB)
    linear = replace(parse_header(image.data), color=ColorEncoding(transfer=8))
    seen, _ = seen_by_openimageio(serialize_header(linear) + image.data[parse_header(image.data).size :], tmp_path)
    signals = np.asarray(srgb_encode(np.asarray(seen / 65535, np.float32)), np.float64)
    np.testing.assert_allclose(signals, np.asarray(decode_coded_image(image) / 65535, np.float64), atol=3e-4)


# Pictures that are cut off


RAMP = smooth(300, 600)
RGB, DEEP = codes_of(RAMP, 8), codes_of(RAMP, 12)
GREY, ALPHA = RGB[..., 0], RGB[..., 2]
TO_CUT: dict[str, Callable[[], Any]] = {
    "with loss": lambda: imagecodecs.jpegxl_encode(RGB, level=90),
    "without": lambda: imagecodecs.jpegxl_encode(RGB, lossless=True),
    "grey": lambda: imagecodecs.jpegxl_encode(GREY, level=90),
    "alpha": lambda: imagecodecs.jpegxl_encode(np.dstack([RGB, ALPHA]), level=90),
    "grey with alpha": lambda: imagecodecs.jpegxl_encode(np.dstack([GREY, ALPHA]), level=90),
    "12 bits": lambda: imagecodecs.jpegxl_encode(DEEP, level=90, bitspersample=12),
    "floats": lambda: imagecodecs.jpegxl_encode(RAMP.astype(np.float32), level=90),
    "half floats": lambda: imagecodecs.jpegxl_encode(RAMP.astype(np.float16), level=90),
    "packed": lambda: imagecodecs.jpegxl_encode_jpeg(bytes(imagecodecs.jpeg8_encode(RGB, level=90))),
    "profile": lambda: with_profile(codestream_of(bytes(TO_CUT["with loss"]()))),
}


def with_profile(codestream: bytes) -> bytes:
    header = parse_header(codestream)
    told = replace(header, color=ColorEncoding(has_icc=True), icc_profile=gamma_profile("srgb", 2.0))
    return serialize_header(told) + codestream[header.size :]


@cache
def cut_and_whole(name: str) -> tuple[bytes, NDArray[Any]]:
    """A codestream of 600 x 300 pixels, and what libjxl makes of it."""
    codestream = codestream_of(bytes(TO_CUT[name]()))
    return codestream, decode_jpeg_xl(codestream)


@pytest.mark.parametrize("name", TO_CUT)
def test_what_is_there_of_a_picture_that_is_cut_off(name: str) -> None:
    """The squares of 256 pixels that are whole, the first in full; the last has no pixels of its own."""
    codestream, wanted = cut_and_whole(name)
    found = decode_jpeg_xl(codestream[:-1])
    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    if name == "without":
        np.testing.assert_array_equal(found[:, :512], wanted[:, :512])
        assert not found[256:, 512:].any()
        return
    np.testing.assert_array_equal(found[:240, :500], wanted[:240, :500])
    rest = found[270:, 530:]
    assert rest.min() == rest.max() and 0.4 < rest.max() / np.iinfo(rest.dtype).max * (16 if "12" in name else 1) < 0.6


@pytest.mark.skipif(which("djxl") is None, reason="djxl is not installed")
@pytest.mark.parametrize("name", ["with loss", "without", "grey"])
def test_djxl_shows_the_same_part(name: str, tmp_path: Path) -> None:
    codestream, _ = cut_and_whole(name)
    (tmp_path / "cut.jxl").write_bytes(codestream[:-1])
    command = ["djxl", "--allow_partial_files", "cut.jxl", "cut.png"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    theirs = np.squeeze(np.asarray(imagecodecs.png_decode((tmp_path / "cut.png").read_bytes()))).astype(int)
    ours = decode_jpeg_xl(codestream[:-1]).astype(int)
    assert np.abs(ours - theirs)[:240, :500].max() <= 1


def test_depth_beside_grey_is_not_shown_in_parts() -> None:
    planes = imagecodecs.jpegxl_encode(np.stack([GREY, ALPHA, ALPHA]), level=90, planar=True, photometric="gray")
    with pytest.raises(FormatError, match="cut off before any of its 600 x 300 pixels can be shown"):
        decode_jpeg_xl(codestream_of(bytes(planes))[:-1])


@pytest.mark.parametrize("name", TO_CUT)
def test_pictures_cut_off_anywhere(name: str) -> None:
    codestream, wanted = cut_and_whole(name)
    header = parse_header(codestream)
    for end in range(header.size, len(codestream), max(len(codestream) // 10, 1)):
        try:
            found = decode_jpeg_xl(codestream[:end])
        except FormatError as error:
            assert "cut off before any of its 600 x 300 pixels can be shown" in str(error)
        else:
            assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)


@pytest.mark.parametrize("lacking", [1, 20])
def test_a_picture_that_is_cut_off_is_called_that(lacking: int) -> None:
    image = code_picture(codes_of(smooth() * 0.6, 16), "jxl", quality=85, bits=16, nclx=SRGB)
    with pytest.raises(FormatError, match="JPEG XL picture: expected a whole one, got one that is cut off"):
        decode_coded_image(replace(image, data=image.data[:-lacking]))
