"""What the extras of a JPEG XL file hold, in words."""

from __future__ import annotations

import imagecodecs
import numpy as np

from gainmap_codec.errors import Limits
from gainmap_codec.files.container import has_alpha, other_parts, parse_file
from support.jxl_files import box, boxed, codestream_of, picture


def test_transparency_and_boxes_are_told() -> None:
    transparent = codestream_of(imagecodecs.jpegxl_encode(np.zeros((8, 8, 4), np.uint8)))
    others = box(b"jumb", b"a superbox"), box(b"abcd", b""), box(b"abcd", b""), box(b"jxli", b"index")
    extras = parse_file(boxed(transparent, *others), "a file", Limits()).extras
    assert has_alpha(extras)
    assert other_parts(extras) == ["transparency", "other boxes: 3 (abcd, jumb)"]
    plain = parse_file(picture(), "a file", Limits()).extras
    assert not has_alpha(plain) and other_parts(plain) == other_parts(None) == []
