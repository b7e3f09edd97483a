"""Pillow images whose HDR comes along, or is said to be lost."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageDraw, ImageEnhance, ImageOps

import gainmap_codec as gm
from gainmap_codec import pillow
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.pillow.source import KEY, Told, matched
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.light import pq_psnr
from gainmap_codec.pixels.formats.images import encode_jpeg
from gainmap_codec.pixels.scene import render_scene
from support.paths import FIXTURES
from support.pipeline_files import both, made, plain, read

Edit = Callable[[Image.Image], Image.Image]
LOST = "HDR is lost"


pytestmark = pytest.mark.usefixtures("short_fits")


@pytest.fixture(autouse=True)
def no_warnings_about_the_files_themselves() -> None:
    """They hold a manifest, a thumbnail, and patterns as fine as the pixels: this is told whenever one is written.

    So is a crop that quality 100 makes larger than its source.
    """
    expected = (
        "C2PA",
        "Photoshop",
        "8 bits instead of",
        "other items",
        "only JPEG files",
        "fine patterns",
        "larger file",
    )
    for about in expected:
        warnings.filterwarnings("ignore", f".*{about}", gm.GainMapWarning)


def opened(data: bytes | Path) -> Image.Image:
    return pillow.open(data)


def saved(image: Image.Image, format: str = "JPEG", **options: Any) -> bytes:
    stream = io.BytesIO()
    pillow.save(image, stream, format=format, **options)
    return stream.getvalue()


def large(orientation: int = 1) -> bytes:
    """A file with a standard map of every pixel, so that misplaced gains show."""
    return made(standard=True, orientation=orientation, scale=1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_open_is_upright_and_save_gives_the_bytes_back(orientation: int, tmp_path: Path) -> None:
    data = both(orientation)
    image = opened(data)
    assert (image.mode, image.size) == ("RGB", (64, 96) if orientation >= 5 else (96, 64))
    with Image.open(io.BytesIO(data)) as theirs:
        upright = ImageOps.exif_transpose(theirs)
    np.testing.assert_allclose(np.asarray(image, np.int16), np.asarray(upright), atol=3)
    assert image.getexif()[0x0112] == 1
    pillow.save(image, tmp_path / "same.jpg")
    assert (tmp_path / "same.jpg").read_bytes() == data


@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_crop_and_resize_act_on_both(orientation: int) -> None:
    """The HDR of the edited image is the edited HDR."""
    data = large(orientation)
    image = opened(data)
    part = pillow.crop(image, (8, 4, 56, 60))
    hdr = gm.decode(saved(part, quality=100)).pixels
    whole = gm.decode(data).pixels[4:60, 8:56]
    assert pq_psnr(hdr, whole) > 38
    half = pillow.resize(part, (24, None))
    assert half.size == (24, 28)
    wanted = whole.reshape(28, 2, 24, 2, 3).mean(axis=(1, 3))
    assert pq_psnr(gm.decode(saved(half, quality=100)).pixels, wanted) > 33


def test_a_picture_that_is_squashed_is_told() -> None:
    image = opened(large())
    with pytest.warns(gm.GainMapWarning, match="the picture is stretched: 32 x 32 has other proportions than"):
        assert pillow.resize(image, (32, 32)).size == (32, 32)


def test_many_steps_add_up_without_coding_in_between() -> None:
    image = opened(large())
    for box in ((1, 1, 95, 63), (2, 3, 90, 60), (3, 0, 80, 50)):
        image = pillow.crop(image, box)
    assert image.info[KEY].part == pytest.approx((6, 4, 83, 54))
    hdr = gm.decode(saved(image, quality=100)).pixels
    assert pq_psnr(hdr, gm.decode(large()).pixels[4:54, 6:83]) > 37


def test_cropping_what_was_reduced_meets_parts_of_pixels() -> None:
    image = pillow.crop(pillow.resize(opened(large()), (33, None)), (5, 3, 28, 20))
    assert image.info[KEY].part[0] == pytest.approx(5 * 96 / 33)
    assert gm.decode(saved(image)).rendered_from == "standard"


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_neural_map_goes_with_crops(orientation: int) -> None:
    data = made(neural=True, orientation=orientation)
    part = saved(pillow.crop(opened(data), (8, 8, 60, 56)))
    theirs = gm.decode(gm.crop(data, (8, 8, 60, 56)))
    ours = gm.decode(part)
    assert (ours.rendered_from, gm.inspect(part).to_dict()["payload"]["bound_by"]) == ("neural", "strict")
    assert pq_psnr(ours.pixels, theirs.pixels) > 40


def dotted(image: Image.Image) -> Image.Image:
    ImageDraw.Draw(image).point((3, 3), "red")
    return image


UNSEEN: dict[str, Edit] = {
    "copy": lambda image: image.copy(),
    "half": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS),
    "larger": lambda image: image.resize((image.width * 2, image.height * 2), Image.Resampling.BICUBIC),
    "dot": dotted,
    "coded": lambda image: recoded(image, 95),
    "mirror": ImageOps.mirror,
    "flip": ImageOps.flip,
    "turned": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "upside down": lambda image: image.rotate(180),
}
SEEN: dict[str, Edit] = {
    "cropped": lambda image: image.crop((8, 8, image.width - 8, image.height - 8)),
    "a column less": lambda image: image.crop((0, 0, image.width - 3, image.height - 2)),
    "slanted": lambda image: image.rotate(10),
    "stretched": lambda image: image.resize((image.width, image.height * 2)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "grey": lambda image: image.convert("L"),
    "another": lambda image: Image.fromarray(np.asarray(image)[::-1, :, ::-1].copy()),
}


def recoded(image: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality, subsampling=0)
    with Image.open(stream) as coded:
        coded.load()
        coded.info = dict(image.info)
        return coded


@pytest.mark.parametrize("orientation", [1, 8])
@pytest.mark.parametrize("edit", UNSEEN)
def test_pillows_own_scaling_and_turning_keep_hdr(edit: str, orientation: int) -> None:
    data = large(orientation)
    image = UNSEEN[edit](opened(data))
    hdr = gm.decode(saved(image, quality=98))
    assert (hdr.rendered_from, hdr.headroom) == ("standard", gm.decode(data).headroom)
    assert hdr.pixels.shape[1::-1] == image.size
    wanted = gm.decode(data).pixels
    if edit in ("mirror", "flip", "turned", "upside down"):
        turn: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
            "mirror": np.fliplr,
            "flip": np.flipud,
            "turned": np.rot90,
            "upside down": lambda a: a[::-1, ::-1],
        }
        assert pq_psnr(hdr.pixels, turn[edit](wanted)) > 38


@pytest.mark.parametrize("edit", SEEN)
def test_pillows_own_cuts_and_grading_are_told(edit: str) -> None:
    image = SEEN[edit](opened(both()))
    if edit == "another":
        image.info[KEY] = opened(both()).info[KEY]
        image = ImageEnhance.Color(image).enhance(0.2)
    with pytest.warns(gm.HdrLostWarning, match=LOST):
        data = saved(image)
    assert gm.decode(data).rendered_from == "base"
    with pytest.warns(gm.HdrLostWarning, match=LOST):
        assert KEY not in pillow.crop(image, (0, 0, 8, 8)).info


def test_an_edit_between_two_of_our_steps_is_told() -> None:
    image = opened(both())
    brighter = pillow.crop(image, (0, 0, 80, 60)).point(lambda value: min(255, value + 40))
    with pytest.warns(gm.HdrLostWarning, match="graded by Pillow itself"):
        pillow.resize(brighter, (40, None))


def test_edits_are_compared_with_the_source_and_not_with_the_last_step() -> None:
    """Small edits, none of which would be seen by itself, do not add up unseen."""
    image = opened(both())
    with pytest.warns(gm.HdrLostWarning):
        for _ in range(8):
            image = pillow.crop(image.point(lambda value: min(255, value + 3)), (0, 0, *image.size))


def test_pixels_drawn_are_written() -> None:
    image = opened(both())
    ImageDraw.Draw(image).rectangle((40, 30, 43, 33), fill=(255, 0, 255))
    data = saved(image, quality=100)
    with Image.open(io.BytesIO(data)) as theirs:
        np.testing.assert_allclose(np.asarray(theirs)[31, 41], (255, 0, 255), atol=30)
    assert b"THUM" not in data  # EXIF's thumbnail shows what was there before
    assert gm.inspect(data).to_dict()["gain_map"] is not None


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_formats_without_gain_maps_are_told(format: str) -> None:
    image = opened(both())
    with pytest.warns(gm.HdrLostWarning, match=f"{format} holds no gain map"):
        data = saved(image, format)
    with Image.open(io.BytesIO(data)) as theirs:
        assert theirs.format == format
        assert theirs.info["icc_profile"] == image.info["icc_profile"]


@pytest.mark.parametrize("name", ["a.heic", "a.avif", "a.JPEG"])
@pytest.mark.parametrize("is_edited", [False, True])
def test_other_containers(name: str, is_edited: bool, tmp_path: Path) -> None:
    image = opened(both(6))
    image = pillow.resize(image, (48, None)) if is_edited else image
    pillow.save(image, tmp_path / name)
    info = gm.inspect(tmp_path / name).to_dict()
    assert info["container"] == {"a.heic": "heic", "a.avif": "avif", "a.JPEG": "jpeg"}[name]
    assert info["gain_map"] is not None
    assert gm.decode(tmp_path / name).pixels.shape[1::-1] == image.size


@pytest.mark.parametrize("file", ["tmap.heic", "tmap-turned.avif", "base-10-bit.avif", "tmap-hdr-base.avif"])
def test_heic_and_avif(file: str) -> None:
    if file == "base-10-bit.avif":  # HDR by itself, without a map
        with pytest.raises(gm.UnsupportedError, match="expected an SDR base"):
            opened(FIXTURES / "heif" / file)
        return
    image = opened(FIXTURES / "heif" / file)
    reduced = image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX)
    hdr = gm.decode(saved(reduced, "HEIF" if file.endswith("heic") else "AVIF"))
    assert (hdr.rendered_from, hdr.pixels.shape[1::-1]) == ("standard", reduced.size)


@pytest.mark.parametrize("orientation", [1, 6])
def test_hdr_is_attached_again_to_what_pillow_opened(orientation: int) -> None:
    data = large(orientation)
    with Image.open(io.BytesIO(data)) as theirs:  # in the stored raster
        reduced = theirs.resize((48, 32), Image.Resampling.LANCZOS)
    reduced.info[KEY] = opened(data).info[KEY]
    hdr = gm.decode(saved(reduced, quality=98))
    assert (hdr.rendered_from, hdr.pixels.shape) == ("standard", (32, 48, 3))  # as Pillow showed it


def test_other_colour_spaces_are_told() -> None:
    image = opened(both())
    source, target = (ImageCms.ImageCmsProfile(io.BytesIO(icc_profile_for(space))) for space in ("srgb", "display-p3"))
    ImageCms.profileToProfile(image, source, target, inPlace=True)
    with pytest.warns(gm.HdrLostWarning, match="another ICC profile"):
        data = saved(image)
    assert gm.inspect(data).color_space == "display-p3"


def test_grey_pictures() -> None:
    grey = encode_jpeg(np.asarray(opened(plain()).convert("L")), quality=95)
    data = serialize_jpeg(replace(read(grey), gain_map=read(large()).gain_map))
    image = opened(data)
    assert image.mode == "L"
    assert saved(image) == data
    part = saved(pillow.crop(pillow.resize(image, (48, None)), (4, 4, 40, 30)))
    assert gm.decode(part).rendered_from == "standard"
    assert opened(part).mode == "RGB", "three equal components, as Android asks for"
    assert opened(saved(pillow.crop(image, (4, 4, 40, 30)), "AVIF")).mode == "L"
    with pytest.warns(gm.HdrLostWarning, match="the source is grey"):
        saved(image.convert("RGB"))


def test_bases_of_10_bits() -> None:
    data = gm.encode(gm.HdrImage(render_scene(96, 64)), container="avif", carry="standard", base_bits=10)
    image = opened(data)
    assert saved(image, "AVIF") == data
    with pytest.warns(gm.GainMapWarning, match="8 bits instead of 10: Pillow holds no more"):
        turned = saved(ImageOps.mirror(image), "AVIF")
    assert pq_psnr(gm.decode(turned).pixels, np.fliplr(gm.decode(data).pixels)) > 35


def test_libultrahdr_reads_what_is_saved() -> None:
    image = pillow.crop(opened(large()), (16, 8, 80, 56))
    data = saved(image, quality=98)
    theirs = imagecodecs.ultrahdr_decode(data)[..., :3].astype(np.float32)
    ours = gm.decode(data, color_space="srgb").pixels
    assert (
        pq_psnr(
            gm.HdrImage(theirs, "srgb").convert("bt2020").pixels, gm.HdrImage(ours, "srgb").convert("bt2020").pixels
        )
        > 35
    )
    assert np.median(np.abs(theirs - ours)) < 0.02


def test_pictures_without_hdr_are_written_without_a_word(tmp_path: Path) -> None:
    for data in (plain(), png()):
        image = opened(data)
        assert image.info[KEY] is None
        smaller = pillow.resize(pillow.crop(image, (0, 0, 40, 40)), (20, 20))
        for name in ("a.jpg", "a.png", "a.heic", "a.avif"):
            pillow.save(smaller, tmp_path / name)
            assert opened(tmp_path / name).size == (20, 20)


def png() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), "orange").save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"icns" + (100).to_bytes(4, "big") + b"ic10" + (92).to_bytes(4, "big") + bytes(84), gm.FormatError, "broken"),
        (b"nonsense", gm.FormatError, "expected a picture that Pillow can open"),
        (png()[:60], gm.FormatError, "broken picture file"),
        (png().replace((64).to_bytes(4, "big"), (1 << 20).to_bytes(4, "big"), 1), gm.FormatError, "broken|expected"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", gm.FormatError, "expected a picture"),
    ],
)
def test_what_pillow_cannot_read_is_an_error_of_ours(data: bytes, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pillow.open(data)


def test_the_limits_hold_for_other_pictures_too() -> None:
    header = struct.pack(">II", 64, 48)
    for size, limits in (((64, 49), gm.Limits(pixels=64 * 48)), ((30000, 30000), gm.Limits(pixels=1 << 40))):
        body = b"IHDR" + png()[16:29].replace(header, struct.pack(">II", *size))
        bomb = png()[:12] + body + struct.pack(">I", zlib.crc32(body)) + png()[33:]
        with pytest.raises(gm.LimitError, match=rf"got {size[0] * size[1]}|\({size[0] * size[1]} pixels\)"):
            pillow.open(bomb, limits=limits)


def test_images_from_elsewhere_are_told() -> None:
    image = Image.new("RGB", (64, 48))
    image.paste(opened(both()))
    with pytest.warns(gm.HdrLostWarning, match="was not opened by gainmap_codec.pillow"):
        saved(image)


def test_what_pillow_saves_itself_is_a_plain_picture(tmp_path: Path) -> None:
    image = opened(both())
    for name in ("a.jpg", "a.png", "a.tiff", "a.webp", "a.avif", "a.gif"):
        image.save(tmp_path / name, exif=image.info["exif"])
    assert gm.decode(tmp_path / "a.jpg").rendered_from == "base"
    assert gm.inspect(tmp_path / "a.jpg").warnings == ()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda image: pillow.crop(image, (0, 0, 97, 10)), "inside 96 x 64, got"),
        (lambda image: pillow.crop(image, (5, 5, 5, 10)), "expected left < right and top < bottom, got"),
        (lambda image: pillow.resize(image, (None, None)), "expected a width or a height"),
        (lambda image: pillow.resize(image, (0, 10)), "sides of at least 1"),
        (lambda image: pillow.resize(image.convert("RGBA"), (10, 10)), "mode RGB or L"),
        (lambda image: pillow.save(image, io.BytesIO()), "expected one that Pillow writes"),
        (lambda image: pillow.save(image, "a.xyz"), "expected one that Pillow writes"),
        (lambda image: pillow.save(image, "a.jpg", format="nonsense"), "expected one that Pillow writes"),
    ],
)
def test_bad_arguments(call: Callable[[Image.Image], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(opened(both()))


def test_alpha_is_told() -> None:
    image = opened(both())
    image.putalpha(200)
    with pytest.warns(gm.GainMapWarning, match="the image's transparency is left out"):
        assert gm.inspect(saved(image)).to_dict()["gain_map"] is not None


def test_broken_files_are_refused() -> None:
    with pytest.raises(gm.GainMapError):
        opened(both()[:300])


FAITHFUL: dict[str, Edit] = {
    "half": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS),
    "thumbnail": lambda image: ImageOps.contain(image, (256, 256)),
    "coded again": lambda image: recoded(image, 75),
    "turned": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "mirrored": ImageOps.mirror,
    "ours": lambda image: pillow.crop(pillow.resize(image, (image.width // 2, None)), (3, 5, 24, 20)),
}
LOSSY: dict[str, Edit] = {
    "10 % cut off": lambda image: ImageOps.crop(image, image.width // 10),
    "1 % cut off": lambda image: ImageOps.crop(image, max(1, image.width // 100)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "slanted": lambda image: image.rotate(5),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_real_photos(data_dir: Path) -> None:
    """What docs/pillow.md says of the real files, those below 50 pixels left out: `pytest -s` prints the counts."""
    told = dict.fromkeys((*FAITHFUL, *LOSSY), 0)
    count = 0
    for path in sorted(data_dir.glob("files/*/*")):
        try:
            image = pillow.open(path)
        except (gm.GainMapError, OSError):
            continue
        if image.info[KEY] is None or min(image.size) < 50:
            continue
        count += 1
        for name, edit in (FAITHFUL | LOSSY).items():
            told[name] += matched(edit(image), Told()) is None
    print(count, told)
    assert count >= 40
    assert sum(told[name] for name in FAITHFUL) <= 2  # a page of text is much the same upside down
    assert all(told[name] >= 0.85 * count for name in LOSSY)


def test_effort_is_that_of_a_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A neural map whose new base looks like another one has to be made again, where it is all the HDR there is."""
    asked: list[int] = []

    def edited(shown: object, options: TranscodeOptions, notes: object) -> object:
        asked.append(options.effort)
        raise ValueError("enough")

    monkeypatch.setattr(pillow, "edited", edited)
    with pytest.raises(ValueError, match="enough"):
        saved(opened(both()), quality=80, effort=9)
    assert asked == [9]


@pytest.mark.filterwarnings("ignore::gainmap_codec.HdrLostWarning")
@pytest.mark.parametrize("format", ["JPEG", "AVIF", "PNG"])
def test_effort_where_nothing_is_fitted(format: str) -> None:
    with pytest.warns(gm.GainMapWarning, match="effort changes nothing: no new neural gain map is made"):
        saved(opened(made(standard=True)), format, effort=9)


def test_effort_out_of_range() -> None:
    with pytest.raises(ValueError, match="effort: expected 1…9, got 10"):
        saved(opened(both()), effort=10)
