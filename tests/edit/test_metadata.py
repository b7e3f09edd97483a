"""Metadata made fit for another container, or for other eyes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pillow_heif
import pytest

import gainmap_codec as gm
from gainmap_codec.edit.metadata import for_container
from gainmap_codec.edit.report import Notes
from gainmap_codec.errors import GainMapWarning, Limits
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import digest_of, parse_file, serialize_file
from gainmap_codec.files.records import Codec, Container, GainMapFile, GainMapMetadata
from gainmap_codec.pixels.color.code_points import color_of
from gainmap_codec.pixels.color.light import srgb_encode
from gainmap_codec.pixels.formats.coded_image import code_picture
from support.paths import FIXTURES

CODES = np.zeros((2, 2, 3), np.uint8)


def test_a_colour_by_code_points_becomes_a_profile_in_jpeg() -> None:
    file = parse_file((FIXTURES / "heif/tmap.avif").read_bytes(), "a", Limits())
    file = replace(file, base=replace(file.base, icc_profile=None, nclx=Nclx(12, 13, 6, True)))
    new, _ = for_container(file, "jpeg", CODES, color_of(file.base), Notes())
    assert new.base.nclx is None and new.base.icc_profile is not None


@pytest.mark.parametrize("primaries", [4, 5, 6, 8, 9, 11, 12, 22])
@pytest.mark.parametrize("transfer", [1, 4, 6, 8, 13])
def test_every_colour_by_code_points_shows_the_same_in_jpeg(primaries: int, transfer: int) -> None:
    codes = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    file = parse_file((FIXTURES / "heif/tmap.avif").read_bytes(), "a", Limits())
    file = replace(file, base=replace(file.base, icc_profile=None, nclx=Nclx(primaries, transfer, 6, True)))
    color = color_of(file.base)
    new, recoded = for_container(file, "jpeg", codes, color, Notes())
    shown = color_of(new.base)
    light, wanted = (one.convert_to_bt2020(one.linearize(of)) for one, of in ((shown, recoded), (color, codes)))
    assert np.abs(srgb_encode(light) - srgb_encode(wanted)).max() * 255 < 1, "half a code per channel, mixed"


def nclx(*numbers: int) -> bytes:
    return b"nclx" + b"".join(number.to_bytes(2, "big") for number in numbers)


@pytest.mark.parametrize("codec", ["av1", "hevc"])
@pytest.mark.parametrize("color", [(0, 13, 6), (1, 0, 6), (3, 255, 3), (23, 19, 6), (1, 13, 99)])
@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_reserved_code_points_hinder_no_decoder(codec: Codec, color: tuple[int, int, int]) -> None:
    base = code_picture(np.full((16, 16, 3), (200, 90, 30), np.uint8), codec, quality=95)
    container: Container = "avif" if codec == "av1" else "heic"
    good = serialize_file(GainMapFile(container, base, digest_of(base)), [])
    bad = good.replace(nclx(1, 13, 6), nclx(*color))
    assert bad != good
    with pytest.warns(GainMapWarning, match="code points without a meaning count as unspecified"):
        wanted = gm.decode(bad).pixels
    assert np.allclose(wanted, gm.decode(good).pixels, atol=1e-4)
    targets: tuple[Container, ...] = ("jpeg", "heic", "avif")
    for target in targets:
        new = gm.transcode(bad, container=target)
        assert np.abs(srgb_encode(gm.decode(new).pixels) - srgb_encode(wanted)).max() * 255 < 4
        if target == "heic":
            assert np.asarray(pillow_heif.open_heif(new)).shape == (16, 16, 3)


@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
@pytest.mark.parametrize("primaries", [9, 12, 22])
def test_the_colour_of_the_alternate_comes_along_into_jpeg(primaries: int) -> None:
    """Where the gain is applied in the alternate's primaries, code points become a profile of the map."""
    file = parse_file((FIXTURES / "heif/tmap.avif").read_bytes(), "a", Limits())
    assert file.gain_map is not None and isinstance(file.gain_map.metadata, GainMapMetadata)
    metadata = replace(file.gain_map.metadata, use_base_colour_space=False)
    image = replace(file.gain_map.image, nclx=Nclx(primaries, 16, 6, True))
    stored = replace(file.gain_map, metadata=metadata, image=image)
    written = parse_file(
        gm.transcode(serialize_file(replace(file, gain_map=stored), []), container="jpeg"), "b", Limits()
    )
    assert written.gain_map is not None and written.gain_map.image.icc_profile is not None
    np.testing.assert_allclose(color_of(written.gain_map.image).to_bt2020, color_of(image).to_bt2020, atol=2e-4)
