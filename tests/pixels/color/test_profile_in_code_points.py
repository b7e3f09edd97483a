"""Profiles of any make against the code points that say the same, by the colours that a colour management gives."""

from __future__ import annotations

import warnings
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

import gainmap_codec as gm
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.pixels.color.base_color import base_color_of_icc
from gainmap_codec.pixels.color.icc_profile import icc_profile_for
from gainmap_codec.pixels.color.profile_in_code_points import code_points_like
from support.pipeline_files import made

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PROFILES = {
    "lcms": (SRGB, (1, 13)),
    "display-p3": (icc_profile_for("display-p3"), (12, 13)),
    "bt2020": (icc_profile_for("bt2020"), (9, 13)),
    "Adobe RGB": (imagecodecs.cms_profile("adobergb"), None),
}


@pytest.mark.parametrize("name", PROFILES)
def test_code_points_like_a_profile(name: str) -> None:
    profile, expected = PROFILES[name]
    found = code_points_like(base_color_of_icc(profile))
    assert (found and found[:2]) == expected


@pytest.mark.parametrize(("nudge", "same"), [(0.4, True), (0.7, False)])
def test_half_a_code_is_the_limit(nudge: float, same: bool) -> None:
    color = base_color_of_icc(SRGB)
    curves = np.array(color.curves)
    step = curves[:, 128] - curves[:, 127] if nudge < 0 else curves[:, 129] - curves[:, 128]
    curves[:, 128] += np.float32(nudge) * step
    changed = type(color)(color.name, color.to_bt2020, curves)
    assert (code_points_like(changed) is not None) == same


@pytest.mark.parametrize("container", ["avif", "heic"])
@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("verb", ["transcode", "encode", "picture"])
def test_a_base_moves_with_its_colours(name: str, container: Any, verb: str) -> None:
    profile, expected = PROFILES[name]
    source = gm.encode(made(standard=True), icc_profile=profile, exif=b"", xmp=b"", carry="standard")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if verb == "transcode":
            data = gm.transcode(source, container=container, quality=95)
        elif verb == "encode":
            data = gm.encode(made(standard=True), source, container=container, carry="standard")
        else:
            picture = Image.new("RGB", (96, 64), (200, 90, 40))
            picture.info["icc_profile"] = profile
            data = gm.encode(made(standard=True), picture, container=container, carry="standard")
    base = parse_file(data, "file", Limits()).base
    told = any("the ICC profile is kept, as no code points of AVIF say the same" in str(one.message) for one in caught)
    if expected is None:
        assert base.icc_profile == profile and told == (container == "avif")
    else:
        assert base.icc_profile is None and base.nclx is not None and base.nclx[:2] == expected and not told
    if verb != "picture":
        wanted, got = (gm.decode(file, prefer="base").convert("bt2020").pixels for file in (source, data))
        assert np.abs(wanted - got).mean() < 0.01
