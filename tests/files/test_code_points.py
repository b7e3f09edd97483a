"""Numbers of ITU-T H.273, as a few other standards repeat them."""

from __future__ import annotations

from gainmap_codec.files.code_points import UNSPECIFIED, Matrix, Nclx, Primaries, Transfer, without_reserved


def test_the_numbers_that_avif_names() -> None:
    """AVIF 1.1, clause 2.1: sRGB is 1, 13, 6 where nothing is said; BT.2100 PQ is 9, 16, 9."""
    assert Nclx(Primaries.BT709, Transfer.SRGB, Matrix.BT601, True) == (1, 13, 6, True)
    assert Nclx(Primaries.BT2020, Transfer.PQ, Matrix.BT2020, True) == (9, 16, 9, True)
    assert (Primaries.DISPLAY_P3, Transfer.HLG) == (12, 18)


def test_no_name_stands_for_unspecified_or_reserved_numbers() -> None:
    for table in (Primaries, Transfer, Matrix):
        assert not {UNSPECIFIED, 3} & set(table)


def test_reserved_numbers_become_unspecified() -> None:
    assert without_reserved(Nclx(0, 3, 3, False)) == Nclx(2, 2, 2, False)
    assert without_reserved(Nclx(13, 19, 18, True)) == without_reserved(Nclx(23, 65535, 99, True)) == (2, 2, 2, True)
    for named in (*Primaries, *Transfer, *Matrix):
        assert named in without_reserved(Nclx(named, named, named, True))
