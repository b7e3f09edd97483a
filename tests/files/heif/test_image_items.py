"""Pictures as items of a file to be: opened once, and checked against what their records say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gainmap_codec.errors import FormatError
from gainmap_codec.files.boxes import Box, BoxFile
from gainmap_codec.files.container import digest_of, parse_file, serialize_file
from gainmap_codec.files.records import Crop, GainMapFile
from support.jpeg_records import LIMITS, coded, tiny
from support.paths import FIXTURES

DATA = (FIXTURES / "heif/tmap.heic").read_bytes()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the files whose boxes were looked up."""
    sizes: list[int] = []
    top_level = BoxFile.top_level

    def counted(file: BoxFile) -> tuple[Box, ...]:
        sizes.append(len(file.data))
        return top_level(file)

    monkeypatch.setattr(BoxFile, "top_level", counted)
    return sizes


def test_each_picture_is_opened_once_however_often_its_file_is_written(opened: list[int]) -> None:
    file = parse_file(DATA, "a photo", LIMITS)
    assert file.gain_map is not None
    assert opened == [len(DATA)]
    assert digest_of(file.base) == file.base_digest
    first = serialize_file(file, [])
    assert serialize_file(replace(file, payload=None), []) == first
    assert serialize_file(replace(file, base=replace(file.base, icc_profile=b"x" * 9)), []) != first
    assert opened == [len(DATA), len(file.base.data), len(file.gain_map.image.data)]


@pytest.fixture
def file() -> GainMapFile:
    return parse_file(DATA, "a photo", LIMITS)


def test_a_picture_of_another_codec_is_refused(file: GainMapFile) -> None:
    with pytest.raises(ValueError, match="base: "):
        serialize_file(replace(file, base=coded(tiny())), [])


@pytest.mark.parametrize("change", [{"width": 1}, {"bits": 10}, {"channels": 1}])
def test_a_record_that_contradicts_its_coded_data_is_refused(file: GainMapFile, change: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"base: expected .*, as its data are coded, got"):
        serialize_file(replace(file, base=replace(file.base, **change)), [])  # type: ignore[arg-type]


def test_a_crop_outside_the_raster_is_refused(file: GainMapFile) -> None:
    base = file.base
    crop = Crop(base.width, 0, base.width, base.height)
    with pytest.raises(ValueError, match=r"base: .*crop"):
        serialize_file(replace(file, base=replace(base, crop=crop)), [])


def test_a_picture_without_a_file_of_its_own_is_refused(file: GainMapFile) -> None:
    with pytest.raises(FormatError, match="expected a box meta, got none"):
        serialize_file(replace(file, base=replace(file.base, data=b"not boxes")), [])
