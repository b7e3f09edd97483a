"""Debian's exiftool and libheif say the same of real files; skipped without them (the Makefile names the packages)."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.map_metadata.apple import headroom_of_maker_note, parse_maker_note
from gainmap_codec.files.records import AppleMetadata, Container, GainMapFile, GainMapMetadata
from gainmap_codec.files.tags.exif import maker_note
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.raster.geometry import to_upright
from gainmap_codec.pixels.scene import render_scene

APPLE = (
    "libavif/apple_gainmap_new.jpg",
    "libavif/apple_gainmap_old.jpg",
    "pillow/frame_size.mpo",
    "gainmap-audit/apple_hdr_sample.heic",
    "sdwebimage/TestHDR1-portrait.heic",
    "crabbyavif/yuv420_image_with_yuv400_gainmap.heic",
)
HDRGM = (
    "libavif/seine_sdr_gainmap_srgb.jpg",
    "libavif/paris_exif_xmp_gainmap_littleendian.jpg",
    "ultra_hdr_samples/Ultra_HDR_Samples_Originals_04.jpg",
    "awesome-gain-maps/gain_mapped-text-sphinx_01.jpg",
    "hdrify/reference_cie.jpg",
)
needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
needs_libheif = pytest.mark.skipif(shutil.which("heif-convert") is None, reason="heif-convert is not installed")


def read(path: Path) -> GainMapFile:
    return parse_file(path.read_bytes(), path.name, Limits())


def exiftool(path: Path, *tags: str) -> dict[str, Any]:
    command = ["exiftool", "-j", "-n", "-q", *tags, str(path)]
    (found,) = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return dict(found)


@needs_exiftool
@pytest.mark.parametrize("name", APPLE)
def test_maker_note_numbers(data_dir: Path, name: str) -> None:
    printed = exiftool(data_dir / "files" / name, "-Apple:HDRHeadroom", "-Apple:HDRGain")
    exif = read(data_dir / "files" / name).exif
    assert exif is not None
    note = maker_note(exif)
    assert note is not None
    numbers = parse_maker_note(note)
    assert numbers[33] == pytest.approx(printed["HDRHeadroom"], rel=1e-8)
    assert numbers[48] == pytest.approx(printed["HDRGain"], rel=1e-8)


@needs_exiftool
@pytest.mark.parametrize("name", HDRGM)
def test_hdrgm_numbers(data_dir: Path, name: str, tmp_path: Path) -> None:
    stored = read(data_dir / "files" / name).gain_map
    assert stored is not None
    assert isinstance(stored.metadata, GainMapMetadata)
    path = tmp_path / "map.jpg"
    path.write_bytes(stored.image.data)
    printed = exiftool(path, "-XMP-hdrgm:all")
    names = {"GainMapMin": "gain_map_min", "GainMapMax": "gain_map_max", "Gamma": "gamma", "OffsetSDR": "base_offset"}
    for tag in names.keys() & printed.keys():
        wanted = printed[tag] if isinstance(printed[tag], list) else [printed[tag]] * len(stored.metadata.channels)
        numbers = [float(getattr(channel, names[tag])) for channel in stored.metadata.channels]
        assert numbers == pytest.approx([float(x) for x in wanted], rel=1e-9), tag
    assert float(stored.metadata.alternate_hdr_headroom) == pytest.approx(float(printed["HDRCapacityMax"]), rel=1e-9)


@needs_libheif
@pytest.mark.parametrize("name", [name for name in APPLE if name.endswith("heic")])
def test_heic_bases_are_those_of_an_older_libheif(data_dir: Path, name: str, tmp_path: Path) -> None:
    """libheif 1.15 with its own parser, grid, rotation and libde265 1.0.11."""
    path = data_dir / "files" / name
    done = subprocess.run(
        ["heif-convert", str(path), "out.png"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"this libheif cannot read the file: {done.stderr.strip()[:100]}")
    theirs = imagecodecs.png_decode(next(tmp_path.glob("out*.png")).read_bytes())[..., :3]
    file = read(path)
    ours = to_upright(decode_coded_image(file.base), file.orientation)
    assert np.abs(theirs.astype(np.int16) - ours).max() <= 1


@needs_exiftool
@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
@pytest.mark.parametrize(
    "name", ["ultra_hdr_samples/Ultra_HDR_Samples_Originals_01.jpg", "gainmap-audit/apple_hdr_sample.heic"]
)
def test_exiftool_reads_of_the_base_what_it_reads_of_the_photo(name: str, data_dir: Path, tmp_path: Path) -> None:
    photo = data_dir / "files" / name
    base = tmp_path / f"base{photo.suffix}"
    base.write_bytes(gm.extract(photo).base)
    tags = ["-EXIF:all", "-ICC_Profile:all", "-ImageWidth", "-ImageHeight"]
    old, new = (exiftool(path, *tags) for path in (photo, base))
    assert len(new) > 20
    places = {"SourceFile": "", "ThumbnailOffset": 0}
    assert {**new, **places} == {**old, **places}


@needs_exiftool
@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
@pytest.mark.parametrize("container", ["jpeg", "heic"])
def test_exiftool_reads_the_headroom_of_a_new_apple_map(container: Container, tmp_path: Path) -> None:
    """In the map's XMP and in the maker note of the base's EXIF; nothing is left of the map that it was made of."""
    scene = gm.HdrImage(render_scene(192, 128) * np.float32(0.5))
    photo = gm.encode(scene, carry="standard", exif={"Artist": "Me"})
    path = tmp_path / f"apple.{container}"
    path.write_bytes(gm.transcode(photo, container=container, carry="apple"))
    headroom = read(path).gain_map
    assert headroom is not None and isinstance(headroom.metadata, AppleMetadata)
    base = exiftool(path, "-Apple:all", "-XMP:all", "-EXIF:Artist", "-MPF:all")
    assert base["Artist"] == "Me" and "DirectoryItemSemantic" not in base
    stops = headroom_of_maker_note(base["HDRHeadroom"], base["HDRGain"])
    assert 2**stops == pytest.approx(headroom.metadata.headroom, rel=1e-4)
    told = base
    if container == "jpeg":
        assert "HDRGainMapVersion" not in base
        small = tmp_path / "map.jpg"
        small.write_bytes(
            subprocess.run(["exiftool", "-b", "-MPImage2", str(path)], check=True, capture_output=True).stdout
        )
        told = exiftool(small, "-XMP:all")
    assert told["HDRGainMapVersion"] == 131072
    assert told["HDRGainMapHeadroom"] == pytest.approx(headroom.metadata.headroom)


@pytest.mark.skipif(shutil.which("heif-info") is None, reason="heif-info is not installed")
@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_an_older_libheif_shows_a_photo_with_a_new_apple_map(tmp_path: Path) -> None:
    path = tmp_path / "apple.heic"
    path.write_bytes(gm.encode(gm.HdrImage(render_scene(192, 128)), container="heic", carry="apple"))
    told = subprocess.run(["heif-info", str(path)], check=True, capture_output=True, text=True).stdout
    assert told.count("image: ") == 1 and "192x128" in told, "the map is no picture of its own"
