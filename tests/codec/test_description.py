"""What a file is in words for people who take pictures."""

from __future__ import annotations

import gainmap_codec as gm
from gainmap_codec.codec.description import describe
from support.paths import FIXTURES


def test_a_file_with_both_maps() -> None:
    text = describe(gm.inspect(FIXTURES / "jpeg/both.jpg").to_dict())
    first, source, brightest, *_ = text.splitlines()
    assert first == "JPEG, 16 x 16, sRGB"
    assert "neural gain map" in source and "stops above SDR white" in brightest
    assert "Standard gain map:" in text and "made for this very base" in text


def test_a_picture_without_hdr_says_so_plainly() -> None:
    text = describe(gm.inspect(FIXTURES / "jpeg/base-16x16.jpg").to_dict())
    assert "SDR" in text and "nowhere" not in text
