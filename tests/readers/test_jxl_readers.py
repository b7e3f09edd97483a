"""Other programs read our JPEG XL files; each test skips, with the reason, where its reader is missing."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.jxl.write import serialize_jxl
from gainmap_codec.files.records import GainMapFile
from gainmap_codec.files.tags.exif import exif_texts
from support import jxl_records
from support.jxl_files import codestream_of, picture, walked

ARTIST = 0x013B


def needs(program: str, package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        shutil.which(program) is None, reason=f"{program} is not installed (apt-get install {package})"
    )


def run(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def read(path: Path) -> GainMapFile:
    return parse_file(path.read_bytes(), path.name, Limits())


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A packed JPEG with EXIF, XMP, a gain map that is a JPEG and a payload, on its side."""
    path = tmp_path / "packed.jxl"
    path.write_bytes(serialize_jxl(jxl_records.full_of_jpegs()))
    return path


@pytest.fixture
def coded(tmp_path: Path) -> Path:
    """The same of pictures that JPEG XL has coded."""
    path = tmp_path / "coded.jxl"
    path.write_bytes(serialize_jxl(jxl_records.full()))
    return path


@needs("djxl", "libjxl-tools")
def test_djxl_gives_the_jpeg_back(packed: Path) -> None:
    jpeg = packed.with_suffix(".jpg")
    run("djxl", packed, jpeg)
    file, wanted = read(jpeg), read(packed)
    assert (file.base, file.exif, file.xmp, file.orientation) == (wanted.base, wanted.exif, wanted.xmp, 6)


@needs("djxl", "libjxl-tools")
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_djxl_shows_pictures_turned(tmp_path: Path, orientation: int) -> None:
    path = tmp_path / "turned.jxl"
    path.write_bytes(serialize_jxl(replace(jxl_records.full(), orientation=orientation)))
    plain = tmp_path / "plain.jxl"
    plain.write_bytes(picture())
    codes = []
    for each in (path, plain):
        run("djxl", each, each.with_suffix(".png"))
        codes.append(np.asarray(Image.open(each.with_suffix(".png"))))
    np.testing.assert_array_equal(codes[0], np.rot90(codes[1], {1: 0, 3: 2, 6: 3, 8: 1}[orientation]))


@needs("jxlinfo", "libjxl-tools")
def test_jxlinfo_knows_the_boxes(packed: Path, coded: Path) -> None:
    for path, lossless in ((packed, "JPEG bitstream reconstruction data available"), (coded, "possibly) lossless")):
        told = run("jxlinfo", "-v", path)
        assert lossless in told and "24x16" in told and "Orientation: 6" in told
        boxes = [line.split('"')[1] for line in told.splitlines() if line.startswith("box: ")]
        front = ["JXL ", "ftyp", *(["jbrd"] if path is packed else []), "Exif", "xml ", "jxlc", "jhgm"]
        assert boxes == [*front, *["jumb"] * (2 if path is packed else 1)]


@needs("exiftool", "libimage-exiftool-perl")
@pytest.mark.parametrize("kind", ["packed", "coded"])
def test_files_are_whole_after_exiftools_edits(kind: str, request: pytest.FixtureRequest) -> None:
    """It makes EXIF longer, or takes all metadata out: then the JPEG of a packed one unpacks no longer for others."""
    path: Path = request.getfixturevalue(kind)
    before = read(path)
    assert "Warning" not in run("exiftool", "-validate", "-warning", "-a", path)
    run("exiftool", "-q", "-overwrite_original", "-Artist=somebody with a name of some length", path)
    named = read(path)
    run("exiftool", "-q", "-overwrite_original", "-all=", path)
    bare = read(path)
    for after in (named, bare):
        assert (after.base_digest, after.payload, after.orientation) == (before.base_digest, before.payload, 6)
        assert after.gain_map == before.gain_map and after.warnings == ()
    assert exif_texts(named.exif or b"", (ARTIST,)) == {ARTIST: "somebody with a name of some length"}
    assert bare.exif is bare.xmp is None
    again = serialize_jxl(named)
    path.write_bytes(again)
    assert read(path).exif == named.exif
    if kind == "packed" and shutil.which("djxl"):
        run("djxl", path, path.with_suffix(".jpg"))
        assert read(path.with_suffix(".jpg")).exif == named.exif


@needs("cjxl", "libjxl-tools")
def test_what_cjxl_packs_is_read(tmp_path: Path, packed: Path) -> None:
    file = read(packed)
    jpeg, path = tmp_path / "photo.jpg", tmp_path / "photo.jxl"
    jpeg.write_bytes(file.base.data)
    run("cjxl", jpeg, path)
    again = read(path)
    assert (again.base, again.exif, again.orientation, again.warnings) == (file.base, file.exif, 6, ())


@needs("cjxl", "libjxl-tools")
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize(
    "options",
    [
        "",
        "--group_order=1 -p",
        "--progressive_dc=2 --group_order=1",
        "--patches=1 -e 7",
        "-d 0 --patches=1",
        "-m 1 -g 0",
    ],
)
def test_frames_of_cjxl_end_where_the_file_does(mode: str, options: str, tmp_path: Path) -> None:
    """A page of text, of which cjxl makes patches: a frame of letters in front."""
    page = Image.new(mode, (700, 300), "white")
    for top in range(0, 300, 14):
        ImageDraw.Draw(page).text((5, top), "a letter is repeated in a letter " * 4, fill="black")
    page.save(tmp_path / "page.png")
    run("cjxl", "--quiet", "-e", "4", tmp_path / "page.png", tmp_path / "page.jxl", *options.split())
    codestream = codestream_of((tmp_path / "page.jxl").read_bytes())
    frames, end = walked(codestream)
    assert end == 8 * len(codestream)
    assert [is_last for _, _, is_last in frames] == [False] * (len(frames) - 1) + [True]
    assert len(frames) > 1 or "progressive_dc" not in options
