"""What a file is in words for people who take pictures."""

from __future__ import annotations

from dataclasses import replace

import gainmap_codec as gm
from gainmap_codec.codec.description import describe
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file, serialize_file
from support import pipeline_files as files
from support.paths import FIXTURES


def test_a_file_with_both_maps() -> None:
    text = describe(gm.inspect(FIXTURES / "jpeg/both.jpg").to_dict())
    first, source, brightest, *_ = text.splitlines()
    assert first == "JPEG, 16 x 16, sRGB"
    assert "neural gain map" in source and "stops above SDR white" in brightest
    assert "Standard gain map:" in text and "made for this very base" in text


def test_the_number_of_a_neural_map_holds_on_the_base_that_it_was_made_for() -> None:
    """And no longer where that was coded again, or is not all there."""
    data = files.both()
    assert "at least 47.25 dB against the HDR picture\n" in described(data)
    text = described(files.with_base_coded_again(data))
    assert ", 47.25 dB on the base it was made for\n" in text and "against the HDR picture" not in text
    assert "  made for this base before it was coded again\n" in text


def test_a_base_that_is_cut_off_is_not_said_to_be_coded_again() -> None:
    text = described(files.made(neural=True)[:-20])
    assert "cut off" in text and "coded again" not in text
    assert "  made for this base before it was damaged\n" in text


def described(data: bytes) -> str:
    return describe(gm.inspect(data).to_dict())


def test_a_picture_without_hdr_says_so_plainly() -> None:
    text = describe(gm.inspect(FIXTURES / "jpeg/base-16x16.jpg").to_dict())
    assert text.splitlines()[1] == "No HDR: the photo has no gain map"


def test_a_gain_map_that_cannot_be_used_is_no_missing_one() -> None:
    data = (FIXTURES / "jpeg/both.jpg").read_bytes()
    file = parse_file(data, "it", Limits())
    assert file.payload is not None
    broken = replace(file, gain_map=None, payload=file.payload[:-1] + bytes([file.payload[-1] ^ 1]))
    text = describe(gm.inspect(serialize_file(broken, [])).to_dict())
    assert text.splitlines()[1] == "No HDR: the photo has a gain map, but it cannot be used"


def test_who_shows_it_and_what_to_do_where_some_do_not() -> None:
    text = describe(gm.inspect(FIXTURES / "heif/tmap.heic").to_dict())
    assert "Shown in HDR, on a display that can:\n  Chrome                   no: it opens no HEIC\n" in text
    assert "  gainmap transcode FILE -o NEW.jpg" in text
    both = (FIXTURES / "jpeg/both.jpg").read_bytes()
    text = describe(gm.inspect(both).to_dict())
    assert "  Chrome                   yes: by the gain map" in text and "transcode" not in text
    neural = replace(parse_file(both, "it", Limits()), gain_map=None)
    text = describe(gm.inspect(serialize_file(neural, [])).to_dict())
    assert "Other programs show SDR: only gainmap-codec reads its neural gain map." in text
    assert "  gainmap transcode FILE -o NEW.jpg --carry both" in text
    assert "Shown in HDR" not in describe(gm.inspect(FIXTURES / "jpeg/base-16x16.jpg").to_dict())


def test_no_way_to_a_jpeg_for_all_where_there_is_none() -> None:
    info = gm.inspect(FIXTURES / "heif/tmap.heic").to_dict()
    info["gain_map"]["metadata"]["use_base_colour_space"] = False
    assert "NEW.jpg" not in describe(info)


def test_names_in_a_file_do_not_steer_the_terminal() -> None:
    info = gm.inspect(FIXTURES / "jpeg/both.jpg")
    hostile = replace(info, color_space="\x1b[31mP3\nBrightest: 99", warnings=("\x9b2J",))
    lines = describe(hostile.to_dict()).splitlines()
    assert all(line.isprintable() for line in lines)
    assert lines[0].endswith("\\x1b[31mP3\\nBrightest: 99") and lines[-1] == "  - \\x9b2J"


def test_a_dark_picture_lies_below_sdr_white() -> None:
    info = gm.inspect(FIXTURES / "jpeg/standard.jpg", brightness=True).to_dict()
    info["brightness"] |= {"peak_stops": -1.0, "peak_nits": 101.5, "percentile_stops": -2.0, "percentile_nits": 50.75}
    assert (
        "Brightest: 1.00 stops below SDR white, 102 nits; "
        "99.9 % of the pixels reach no more than 2.00 stops below it, 51 nits\n"
    ) in describe(info)
