"""The page's JavaScript finds in HEIC and AVIF files what the Python reader finds (node runs it)."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.errors import GainMapError
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.heif.items import Property
from gainmap_codec.files.records import CodedImage, Crop, GainMapFile, GainMapMetadata
from gainmap_codec.pixels.color.code_points import color_of, is_hdr, primaries_are_known
from gainmap_codec.pixels.formats.sources import photos_in
from support.heavy_files import (
    grid_of,
    grid_of_allowed_size,
    grid_of_many_properties,
    large_grid,
    large_xmp_of_base,
    long_exif,
    many_exif,
    many_maps_with_xmp,
    one_exif_named_often,
)
from support.networks import random_network
from support.node import answers_of
from support.pages import SCENE, with_network
from support.paths import FIXTURES
from support.viewer import base64_of

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed (apt-get install nodejs)")

FOLDERS = [FIXTURES / "heif", FIXTURES / "flat", FIXTURES / "invalid"]
FILES = sorted(path for folder in FOLDERS for path in folder.iterdir() if path.suffix in (".avif", ".heic"))
SHOWN_BY_THE_BROWSER = (
    "the picture is HDR by itself, which `gainmap view` shows",
    "a crop (clap) of another kind belongs to it",
    "its colours stand in its coded data alone",
)
LEFT_TO_ITS_DECODER = ("base-larger-than-ispe.avif", "many-items.avif", "map-broken.avif")
"""Python refuses these before they are decoded: two for sizes that their coded data alone tell."""
LARGEST = 1 << 21


def read(*files: bytes) -> list[Any]:
    """What the modules say of each file: the facts and pictures of a photo, or an error."""
    return answers_of("heif_reader.mjs", [base64_of(data) for data in files])


def parsed(data: bytes) -> GainMapFile:
    return parse_file(data, "", gm.Limits())


def assert_same(data: bytes, found: dict[str, Any], name: str) -> None:
    try:
        file = parsed(data)
    except GainMapError:
        assert "error" in found, name
        return
    if "error" in found:
        assert found["error"] in SHOWN_BY_THE_BROWSER or file.damage, name
        assert ("HDR by itself" in found["error"]) <= (is_hdr(file.base) or leads_down(file)), name
        return
    assert not is_hdr(file.base), name
    turned = file.orientation >= 5
    size = (file.base.height, file.base.width) if turned else (file.base.width, file.base.height)
    assert (found["width"], found["height"]) == size, name
    assert (found["payload"] and base64.b64decode(found["payload"])) == file.payload, name
    alone = parsed(base64.b64decode(found["picture"]))
    assert (alone.base_digest, alone.orientation) == (file.base_digest, file.orientation), name
    assert alone.warnings == (), name
    assert_same_color(found["color"], file, name)
    assert_same_map(found, file, name)


def leads_down(file: GainMapFile) -> bool:
    metadata = file.gain_map.metadata if file.gain_map else None
    return isinstance(metadata, GainMapMetadata) and metadata.alternate_hdr_headroom < metadata.base_hdr_headroom


def assert_same_color(found: dict[str, Any], file: GainMapFile, name: str) -> None:
    wanted = color_of(file.base)
    if file.base.bits == 8:
        np.testing.assert_allclose(np.reshape(found["curves"], (256, 3)).T, wanted.curves, atol=1e-4, err_msg=name)
    away = np.abs(np.reshape(found["toBt2020"], (3, 3)) - wanted.to_bt2020).max()
    assert away < (1e-3 if file.base.icc_profile else 1e-6), name  # profiles round their matrices


def stored_size(image: CodedImage) -> tuple[int, int, Crop | None]:
    return *image.unturned_size, image.crop


def assert_same_map(found: dict[str, Any], file: GainMapFile, name: str) -> None:
    stored, standard = file.gain_map, found["standard"]
    assert (stored and stored.carrier) == (standard and standard["carrier"]), name
    assert bool(file.refused) == any("gain map cannot be used" in note for note in found["notes"]), name
    if stored is None:
        return
    alone = parsed(base64.b64decode(standard["picture"]))
    assert alone.base_digest == parsed(stored.image.data).base_digest, name
    assert (alone.base.width, alone.base.height, alone.base.crop) == stored_size(stored.image), name
    if not isinstance(stored.metadata, GainMapMetadata):
        assert standard["metadata"]["appleHeadroom"] == pytest.approx(stored.metadata.headroom, rel=1e-9), name
        return
    channels = [stored.metadata.channels[n % len(stored.metadata.channels)] for n in range(3)]
    assert standard["metadata"]["max"] == [float(each.gain_map_max) for each in channels], name
    assert standard["metadata"]["alternateHeadroom"] == float(stored.metadata.alternate_hdr_headroom), name
    is_own = not stored.metadata.use_base_colour_space and primaries_are_known(stored.image)
    assert ("mathsToBt2020" in standard["metadata"]) == is_own, name


def test_every_fixture() -> None:
    paths = [path for path in FILES if path.name not in LEFT_TO_ITS_DECODER]
    answers = read(*(path.read_bytes() for path in paths))
    for path, found in zip(paths, answers, strict=True):
        assert_same(path.read_bytes(), found, path.name)
    assert sum("error" not in found for found in answers) > 30


def test_real_files(data_dir: Path) -> None:
    paths = [path for path in photos_in(data_dir) if path.suffix in (".avif", ".heic")]
    files = [path.read_bytes() for path in paths if path.stat().st_size <= LARGEST]
    for path, data, found in zip(paths, files, read(*files), strict=True):
        assert_same(data, found, path.name)


def test_a_file_of_both_maps() -> None:
    data = with_network(gm.encode(SCENE, carry="standard", container="avif"), random_network(seed=4))
    (found,) = read(data)
    assert_same(data, found, "both")
    assert found["prefer"] == "neural" and found["notes"] == []
    assert [name for name, _ in found["sums"]] == [
        "base image", "standard gain map", "neural gain map", "metadata and all else",
    ]  # fmt: skip
    assert sum(count for _, count in found["sums"]) == len(data)


def tiles_of_a_large_profile() -> bytes:
    """4096 tiles that share a profile of a megabyte, and extents by the thousand."""
    draft = grid_of(64, 64)
    return draft.with_properties(2, Property(b"colr", b"prof" + bytes(1 << 20))).build()


HEAVY = (
    grid_of_allowed_size,
    grid_of_many_properties,
    large_xmp_of_base,
    long_exif,
    many_exif,
    many_maps_with_xmp,
    one_exif_named_often,
    tiles_of_a_large_profile,
)


@pytest.mark.parametrize("make", HEAVY)
def test_small_files_that_ask_for_much_work_are_soon_read(make: Callable[[], bytes]) -> None:
    """The modules tell the time themselves: a second is some twenty times what they take."""
    (found,) = read(make())
    assert found["milliseconds"] < 1000
    assert "error" in found or found["width"] > 0


def test_more_tiles_than_a_file_may_have() -> None:
    (found,) = read(large_grid())
    assert found["error"] == "it has more than 4096 tiles"


def test_sizes_are_looked_at_before_anything_is_decoded() -> None:
    (found,) = read((FIXTURES / "invalid/base-huge-ispe.avif").read_bytes())
    assert found["error"] == "expected 1 to 134217728 pixels, got 4294967295 × 4294967295"


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_never_hang(seed: int) -> None:
    """Bytes changed, cut out and cut off: each gets an answer or an error, and pictures stay as small as the file."""
    random = Random(seed)
    sources = [path.read_bytes() for path in FILES if path.parent.name == "heif" and path.stat().st_size < 20_000]
    files = [mutated(random.choice(sources), random) for _ in range(400)]
    answers = read(*files)
    for data, found in zip(files, answers, strict=True):
        assert "error" in found or len(base64.b64decode(found["picture"])) < 2 * len(data) + 1000
    assert sum("error" in found for found in answers) > 50


def mutated(data: bytes, random: Random) -> bytes:
    found = bytearray(data)
    for _ in range(random.randint(1, 6)):
        found[random.randrange(min(len(found), 900))] = random.choice(
            [0, 1, 2, 0x7F, 0x80, 0xFF, random.randrange(256)]
        )
    if random.random() < 0.2:
        del found[random.randrange(len(found)) :]
    if random.random() < 0.2:
        at = random.randrange(len(found) + 1)
        del found[at : at + random.randint(1, 40)]
    return bytes(found)
