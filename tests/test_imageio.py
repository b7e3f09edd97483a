"""The plug-in of imageio: arrays are those of `decode` and `encode`, and imageio without it does what it did."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.files.container import parse_file
from gainmap_codec.pixels.color.light import pq_psnr
from gainmap_codec.pixels.scene import render_scene
from support.paths import FIXTURES

iio = pytest.importorskip("imageio.v3")
NAME = pytest.importorskip("gainmap_imageio").NAME


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "photo.jpg"
    path.write_bytes(gm.rotate(gm.encode(render_scene(48, 32), carry="standard", exif={"Artist": "Zoë"}), 90))
    return path


def test_the_array_is_what_decode_gives(photo: Path) -> None:
    hdr = iio.imread(photo, plugin=NAME)
    np.testing.assert_array_equal(hdr, gm.decode(photo, color_space="srgb").pixels)
    assert hdr.dtype == np.float32 and hdr.max() > 2


def test_options_are_those_of_decode(photo: Path) -> None:
    options = {"headroom": 1.0, "region": (2, 3, 8, 4), "dtype": "float16", "color_space": "bt2020"}
    hdr = iio.imread(photo, plugin=NAME, **options)
    np.testing.assert_array_equal(hdr, gm.decode(photo, **options).pixels)  # type: ignore[arg-type]
    assert (hdr.shape, hdr.dtype) == ((4, 8, 3), np.float16)
    with pytest.raises(TypeError, match="unexpected keyword argument 'mode'"):
        iio.imread(photo, plugin=NAME, mode="RGB")
    with pytest.raises(gm.LimitError, match="file_bytes"):
        iio.imread(photo, plugin=NAME, limits=gm.Limits(file_bytes=100))


@pytest.mark.parametrize("suffix", [".jpg", ".heic", ".avif", ".jxl"])
def test_what_is_written_is_what_encode_makes(suffix: str, tmp_path: Path) -> None:
    hdr = render_scene(48, 32)
    kind = {".jpg": "jpeg"}.get(suffix, suffix[1:])
    iio.imwrite(tmp_path / f"new{suffix}", hdr, plugin=NAME, carry="standard", quality=80)
    written = (tmp_path / f"new{suffix}").read_bytes()
    assert written == gm.encode(hdr, carry="standard", quality=80, container=kind)  # type: ignore[arg-type]
    assert written == iio.imwrite("<bytes>", hdr, plugin=NAME, extension=suffix, carry="standard", quality=80)


def test_what_is_read_can_be_written_again(photo: Path, tmp_path: Path) -> None:
    hdr, told = iio.imread(photo, plugin=NAME), iio.immeta(photo, plugin=NAME)
    sdr = np.asarray(gm.decode(photo, prefer="base").to_sdr(method="clip"))
    iio.imwrite(tmp_path / "new.jpg", hdr, plugin=NAME, sdr=sdr, carry="standard", exif=told["exif"])
    again = gm.decode(tmp_path / "new.jpg", color_space="srgb")
    assert pq_psnr(again.convert("bt2020").pixels, gm.decode(photo).pixels) > 45
    assert b"Zo\xc3\xab" in (again.metadata.exif or b"")


def test_an_hdr_image_says_its_own_colour(tmp_path: Path) -> None:
    image = gm.HdrImage(np.full((8, 8, 3), (0.0, 2.0, 0.0), np.float32), "display-p3")
    iio.imwrite(tmp_path / "green.avif", image, plugin=NAME, carry="standard", base_color_space="display-p3")
    found = iio.imread(tmp_path / "green.avif", plugin=NAME, color_space="display-p3")
    np.testing.assert_allclose(found, image.pixels, atol=0.05)


def test_pictures_are_upright_and_so_is_what_is_told_of_them(photo: Path) -> None:
    told = iio.improps(photo, plugin=NAME)
    assert (told.shape, told.dtype, told.n_images, told.is_batch) == ((48, 32, 3), np.float32, None, False)
    assert iio.imread(photo, plugin=NAME).shape == told.shape
    stacked = iio.improps(photo, plugin=NAME, index=...)
    assert (stacked.shape, stacked.n_images, stacked.is_batch) == ((1, 48, 32, 3), 1, True)
    assert iio.imread(photo, plugin=NAME, index=...).shape == stacked.shape
    assert [picture.shape for picture in iio.imiter(photo, plugin=NAME)] == [told.shape]


def test_metadata_leaves_out_what_is_applied(photo: Path) -> None:
    told, all_told = (iio.immeta(photo, plugin=NAME, exclude_applied=applied) for applied in (True, False))
    assert (told["container"], told["headroom"]) == ("jpeg", gm.inspect(photo).headroom)
    assert set(all_told) - set(told) == {"orientation", "color_space", "gain_map", "spare_gain_map", "payload"}
    assert all_told["orientation"] == 6 and all_told["gain_map"]["channels"] in (1, 3)


@pytest.mark.parametrize("index", [1, -1])
def test_another_index_is_refused(index: int, photo: Path) -> None:
    with pytest.raises(ValueError, match=f"index: expected 0, for a file holds one picture, got {index}"):
        iio.imread(photo, plugin=NAME, index=index)


def test_bytes_files_and_archives(photo: Path, tmp_path: Path) -> None:
    wanted, data = iio.imread(photo, plugin=NAME), photo.read_bytes()
    np.testing.assert_array_equal(iio.imread(data, plugin=NAME), wanted)
    with photo.open("rb") as file, iio.imopen(file, "r", plugin=NAME) as opened:
        np.testing.assert_array_equal(opened.read(), wanted)
        np.testing.assert_array_equal(opened.read(), wanted)  # once more, of the same file
    archive = tmp_path / "photos.zip"
    iio.imwrite(archive / "photo.jpg", render_scene(48, 32), plugin=NAME, carry="standard")
    with zipfile.ZipFile(archive) as names:
        assert names.namelist() == ["photo.jpg"]
    assert iio.imread(archive / "photo.jpg", plugin=NAME).shape == (32, 48, 3)
    buffer = io.BytesIO()
    iio.imwrite(buffer, render_scene(48, 32), plugin=NAME, extension=".avif", carry="standard")
    assert parse_file(buffer.getvalue(), "it", gm.Limits()).container == "avif"


def test_mistakes_end_in_one_line(tmp_path: Path) -> None:
    sdr = np.zeros((8, 8, 3), np.uint8)
    with pytest.raises(TypeError, match="hdr: expected linear floating point, got uint8: an SDR picture goes to sdr="):
        iio.imwrite(tmp_path / "new.jpg", sdr, plugin=NAME)
    with pytest.raises(OSError, match="can not handle the given uri") as refused:
        iio.imwrite(tmp_path / "new.png", sdr, plugin=NAME)
    assert "expected one of the extensions .jpg, .heic, .avif, .jxl, got .png" in str(refused.value.__cause__)
    (tmp_path / "it.gif").write_bytes(b"GIF89a" + bytes(300))
    with pytest.raises(OSError, match="can not handle the given uri") as refused:
        iio.imread(tmp_path / "it.gif", plugin=NAME)
    assert "it.gif: expected a JPEG, HEIC, AVIF or JPEG XL file" in str(refused.value.__cause__)
    (tmp_path / "it.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(gm.FormatError, match=r"it\.jpg: "):
        iio.imread(tmp_path / "it.jpg", plugin=NAME)
    assert not (tmp_path / "new.jpg").exists() and not (tmp_path / "new.png").exists()


def test_what_cannot_be_encoded_leaves_the_old_file(photo: Path, tmp_path: Path) -> None:
    path = tmp_path / "old.jpg"
    path.write_bytes(photo.read_bytes())
    with pytest.raises(ValueError, match="quality"):
        iio.imwrite(path, render_scene(48, 32), plugin=NAME, quality=1000)
    assert path.read_bytes() == photo.read_bytes()


def test_warnings_point_at_the_line_that_called_imageio(tmp_path: Path) -> None:
    odd = FIXTURES / "invalid/exif-twice.jpg"
    with pytest.warns(gm.GainMapWarning, match="EXIF") as read:
        iio.imread(odd, plugin=NAME)
    with pytest.warns(gm.GainMapWarning) as deeper, iio.imopen(odd, "r", plugin=NAME) as opened:
        list(opened.iter())
    with pytest.warns(gm.GainMapWarning, match="4:4:4") as written:
        iio.imwrite(tmp_path / "a.jxl", render_scene(48, 32), plugin=NAME, carry="standard", base_chroma="4:2:0")
    assert {warning.filename for warning in (*read, *deeper, *written)} == {__file__}


def test_without_the_plugin_imageio_reads_sdr(photo: Path) -> None:
    assert iio.imread(photo).dtype == np.uint8


def test_the_package_itself_does_not_import_imageio() -> None:
    code = "import sys, gainmap_codec, gainmap_codec.cli.main; print('imageio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"
