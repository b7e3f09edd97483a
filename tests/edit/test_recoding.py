"""Parts of a file coded again, and what that does to the figures that a payload tells."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from gainmap_codec.codec.opening import open_file
from gainmap_codec.codec.options import Coding
from gainmap_codec.edit.recoding import (
    DecodedMap,
    allowed_drift,
    coded_map,
    combined_psnr,
    decoded_map,
    drift_of,
    note_what_is_not_written,
    recoded,
)
from gainmap_codec.edit.report import Notes
from gainmap_codec.errors import Limits
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import digest_of, parse_file, serialize_file
from gainmap_codec.files.records import Codec, GainMapMetadata
from gainmap_codec.pixels.color.code_points import color_of_code_points
from gainmap_codec.pixels.color.icc_profile import icc_profile_for, icc_profile_of_primaries
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from support import pipeline_files as files
from support.paths import FIXTURES


def test_errors_of_independent_causes_add_up() -> None:
    assert combined_psnr(40.0, 40.0) == pytest.approx(40 - 3.0103, abs=1e-3)
    assert combined_psnr(40.0, inf) == 40.0
    assert combined_psnr(0.0, 20.0) == 0.0  # not measured stays so
    assert combined_psnr(40.0, allowed_drift(40.0, 38.5)) == pytest.approx(38.5)


def test_equal_renditions_have_not_drifted() -> None:
    light = np.full((4, 4, 3), 0.5, np.float32)
    assert drift_of(light, light.copy()) == inf
    assert 20 < drift_of(light, light * np.float32(1.02)) < 80


def test_a_base_coded_again_is_what_readers_will_find() -> None:
    file = parse_file(files.both(6), "both", Limits())
    codes = np.full((64, 96, 3), 90, np.uint8)
    new = recoded(file, codes, "jpeg", Coding(80), Notes())
    read = parse_file(serialize_file(new, []), "new", Limits())
    assert (read.base_digest, read.orientation, read.exif) == (digest_of(new.base), 6, new.exif)
    assert (new.gain_map, new.payload, new.others) == (None, None, ())
    assert file.without_gain_maps().base is file.base


def test_ten_bits_become_eight_where_the_container_holds_no_more() -> None:
    file = parse_file((FIXTURES / "heif/base-10-bit.avif").read_bytes(), "deep", Limits())
    notes = Notes()
    codes = np.zeros((file.base.height, file.base.width, 3), np.uint16)
    assert recoded(file, codes, "jpeg", Coding(80), notes).base.bits == 8
    assert notes.lost == ["the base has 8 bits instead of 10: JPEG holds no more"]


def test_apples_map_comes_out_as_one_of_iso() -> None:
    notes = Notes()
    found = decoded_map(open_file(files.APPLE, "apple", Limits()), notes)
    assert found is not None and len(found.metadata.channels) == 1
    assert notes.done == ["gain map: Apple's gain map converted to ISO 21496-1, pixel by pixel, and coded again"]


def test_what_stays_behind_is_named() -> None:
    notes = Notes()
    file = parse_file(files.both() + b"a video", "motion", Limits())
    note_what_is_not_written(file, "heic", "hevc", notes)
    assert "bytes of an unknown kind, 7 bytes: not carried into a HEIC file" in notes.lost


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_the_profile_of_an_alternate_becomes_code_points(codec: Codec) -> None:
    """A profile of 26 KB for Display P3 with PQ was a third of a small photo; one that no code points tell stays."""
    file = parse_file((FIXTURES / "heif/tmap.avif").read_bytes(), "a", Limits())
    assert file.gain_map is not None and isinstance(file.gain_map.metadata, GainMapMetadata)

    def colour(profile: bytes) -> tuple[bytes | None, Nclx | None]:
        assert file.gain_map is not None and isinstance(file.gain_map.metadata, GainMapMetadata)
        image = replace(file.gain_map.image, icc_profile=profile)
        decoded = DecodedMap(decode_coded_image(image), file.gain_map.metadata, image)
        new = coded_map(decoded, codec, Coding(80)).image
        return new.icc_profile, new.nclx

    assert colour(icc_profile_for("display-p3")) == (None, Nclx(12, 13, 6, True))
    strange = icc_profile_of_primaries(color_of_code_points(8, 13, 8))
    assert colour(strange)[0] == strange
