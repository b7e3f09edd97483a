"""Boxes and sizes of what a viewer sees: inside a box, exactly, in proportion."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import gainmap_codec as gm
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.edit.frame import inside
from gainmap_codec.edit.report import TranscodeReport
from gainmap_codec.edit.transcode import transcode_with_report
from support import pipeline_files as files

pytestmark = pytest.mark.usefixtures("short_fits")


def edited(source: bytes, **options: Any) -> TranscodeReport:
    return transcode_with_report(source, TranscodeOptions(**options))


def upright_size(data: bytes) -> tuple[int, int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.GainMapWarning)
        height, width = gm.decode(data).pixels.shape[:2]
    return width, height


@pytest.mark.parametrize(
    ("old", "box", "enlarge", "new"),
    [
        ((4000, 3000), (1600, 1600), False, (1600, 1200)),
        ((3000, 4000), (1600, 1600), False, (1200, 1600)),
        ((4000, 3000), (1600, 900), False, (1200, 900)),
        ((800, 600), (1600, 1600), False, (800, 600)),
        ((800, 600), (1600, 1600), True, (1600, 1200)),
        ((1600, 1600), (1600, 1600), False, (1600, 1600)),
        ((10_000, 1), (100, 100), False, (100, 1)),
        ((1001, 1000), (100, 100), False, (100, 100)),
    ],
)
def test_inside_a_box(old: tuple[int, int], box: tuple[int, int], enlarge: bool, new: tuple[int, int]) -> None:
    assert inside(old, box, enlarge=enlarge) == new


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_box_holds_for_the_upright_picture(orientation: int) -> None:
    new = edited(files.both(orientation), fit=(48, 48)).data
    assert upright_size(new) == ((48, 32) if orientation == 1 else (32, 48))


def test_what_is_inside_already_stays_as_it_is_unless_more_is_asked_for() -> None:
    source = files.both()
    found = edited(source, fit=(96, 200))
    assert found.data == source and found.notes == ("nothing to do: the file is as it was",)
    assert edited(source, fit=(96, 200), container="jpeg").data == source
    assert edited(source, fit=(96, 200), quality=60).data != source
    assert upright_size(edited(source, fit=(96, 200), quality=60).data) == (96, 64)
    assert edited(source, fit=(200, 200), container="avif").container == "avif"
    assert b"GPS" not in edited(source, fit=(200, 200), strip="gps").data


def test_a_part_is_fitted() -> None:
    assert upright_size(edited(files.both(6), box=(0, 0, 64, 40), fit=(32, 32)).data) == (32, 20)


@pytest.mark.parametrize(
    ("size", "is_stretched"), [((48, 32), False), ((48, 33), False), ((48, 34), True), ((96, 32), True)]
)
def test_stretching_is_told(size: tuple[int, int], is_stretched: bool) -> None:
    told = [line for line in edited(files.plain(), size=size).warnings if "stretched" in line]
    assert bool(told) == is_stretched
    if is_stretched:
        assert told == [f"the picture is stretched: {size[0]} x {size[1]} has other proportions than 96 x 64"]


def test_a_size_or_a_box_it_has_to_be() -> None:
    with pytest.raises(ValueError, match="size and fit: expected one of them, got neither"):
        gm.resize(files.both())
    with pytest.raises(ValueError, match="size and fit: expected one of them, got both"):
        gm.resize(files.both(), (10, None), fit=(10, 10))


def test_every_edit_takes_a_container() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.GainMapWarning)
        for data in (
            gm.crop(files.both(), (0, 0, 48, 32), container="avif"),
            gm.resize(files.both(), fit=(48, 48), container="avif"),
            gm.transcode(files.both(), fit=(48, 48), container="avif"),
        ):
            info = gm.inspect(data)
            assert (info.container, info.width, info.height) == ("avif", 48, 32)
            assert info.gain_map is not None and info.payload is not None
