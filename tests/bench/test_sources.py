"""What command lines name is found and read: the layout of Gain-MLP's data, folders of linear pictures, photos."""

from __future__ import annotations

from pathlib import Path

import click
import imagecodecs
import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_bench.inputs.evaluation import load_pair
from gainmap_bench.inputs.local_tone_map import tone_map_locally
from gainmap_bench.inputs.sources import SCENE, load, source_of, sources_of, usable
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS, pq_encode
from gainmap_codec.pixels.maps.neural_map import base_bt2020
from gainmap_codec.pixels.raster.tone_map import tone_map
from gainmap_codec.pixels.scene import render_scene


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Two pictures of which one has both renditions: white of 100 nits in SDR, and of 1000 in HDR."""
    for name in ("sdr", "hdr"):
        (tmp_path / name).mkdir()
    white, grey = np.full((16, 24, 3), 65535, np.uint16), np.full((16, 24, 3), 30000, np.uint16)
    nits_1000 = np.full((16, 24, 3), round(0.7518270962 * 65535), np.uint16)
    (tmp_path / "sdr" / "white.tif").write_bytes(imagecodecs.tiff_encode(white))
    (tmp_path / "hdr" / "white.tif").write_bytes(imagecodecs.tiff_encode(nits_1000))
    (tmp_path / "hdr" / "alone.tif").write_bytes(imagecodecs.tiff_encode(grey))
    return tmp_path


def test_published_layout(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (source,) = sources_of(str(published))
    assert (source.kind, source.hdr.parent.name, source.sdr and source.sdr.parent.name) == ("published", "hdr", "sdr")
    assert "alone.tif: no picture of that name" in capsys.readouterr().err
    pair = load(source).pair
    assert pair.codes.dtype == np.uint8 and pair.codes.min() == 255
    assert pair.hdr * SDR_WHITE_NITS == pytest.approx(1000, rel=1e-3)
    # PQ of 100 cd/m² (ITU-R BT.2408): SDR white of the data set, not ours of 203.
    assert pq_encode(base_bt2020(pair.codes, pair.color)) == pytest.approx(0.5080784215, abs=1e-5)
    middle = base_bt2020(np.full((1, 1, 3), 128, np.uint8), pair.color)
    assert middle * SDR_WHITE_NITS == pytest.approx(100 * (128 / 255) ** 2.4, rel=1e-4)


def test_published_pictures_are_not_coded_again(tmp_path: Path) -> None:
    for name in ("sdr", "hdr"):
        (tmp_path / name).mkdir()
        noise = np.random.default_rng(0).integers(0, 65535, (32, 40, 3)).astype(np.uint16)
        (tmp_path / name / "noise.tif").write_bytes(imagecodecs.tiff_encode(noise))
    (source,) = sources_of(str(tmp_path))
    rounded = np.floor(noise / 65535 * 255 + 0.5)
    assert np.array_equal(load(source).pair.codes, rounded)


def test_published_pictures_of_8_bits_are_refused(published: Path) -> None:
    (source,) = sources_of(str(published))
    assert source.sdr is not None
    source.sdr.write_bytes(imagecodecs.tiff_encode(np.zeros((16, 24, 3), np.uint8)))
    with pytest.raises(ValueError, match=r"white\.tif: a TIFF of 16-bit RGB wanted, uint8"):
        load(source._replace(is_named=True))


def test_folders_of_linear_pictures_are_two_pairs_each(tmp_path: Path) -> None:
    gm.HdrImage(render_scene(96, 64)).save(tmp_path / "scene.exr")
    (tmp_path / "notes.txt").write_text("no picture", "utf-8")
    both = [pair for _, pair in usable(sources_of(str(tmp_path)))]
    assert [(pair.name, pair.kind) for pair in both] == [("scene", "graded"), ("scene, local", "local")]
    assert not np.array_equal(both[0].pair.codes, both[1].pair.codes)
    assert np.array_equal(both[0].pair.hdr, both[1].pair.hdr)


def test_what_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cut.exr").write_bytes(b"v/1\x01")
    assert list(usable(sources_of(str(tmp_path)))) == []
    assert "left out: " in capsys.readouterr().err
    with pytest.raises(click.ClickException, match=r"cut\.exr"):
        list(usable([source_of(str(tmp_path / "cut.exr"))]))


def test_scene_needs_no_file() -> None:
    assert load(SCENE, 96).pair.codes.shape == (64, 96, 3)


def test_local_tone_mapping_brightens_surroundings() -> None:
    """A dark and a bright half, each with stripes: the halves come nearer than a global curve brings them."""
    stripes = np.where(np.arange(96) % 8 < 4, 1.0, 1.25)[np.newaxis, :, np.newaxis]
    halves = np.repeat([0.02, 4.0], 48)[:, np.newaxis, np.newaxis]
    linear = np.broadcast_to(stripes * halves, (96, 96, 3)).astype(np.float32)
    mapped, curve = tone_map_locally(linear), tone_map(linear, headroom=2.4)
    assert mapped.min() >= 0 and mapped.max() <= 1
    assert mapped[:24].mean() / mapped[-24:].mean() > 3 * curve[:24].mean() / curve[-24:].mean()
    dark = mapped[:24].mean(axis=(0, 2))
    assert dark.max() / dark.min() == pytest.approx(1.25, rel=0.05)  # details stay


def test_reduced_photos_are_base_times_map(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(gm.encode(gm.HdrImage(render_scene(384, 256)), carry="standard", map_scale=2))
    pair = load_pair(photo, None, longest_side=96)
    assert pair.own_map is not None and pair.own_map.gains.shape == (32, 48, 1)
    assert pair.pair.codes.shape == pair.pair.hdr.shape == (64, 96, 3)
    assert np.array_equal(pair.own_map.applied(pair.pair), pair.pair.hdr)
    whole = load_pair(photo, None)
    assert whole.own_map is not None
    assert whole.own_map.applied(whole.pair) == pytest.approx(whole.pair.hdr, abs=1e-3)
