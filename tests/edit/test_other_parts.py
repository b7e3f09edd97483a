"""Previews, videos and unknown bytes beside the pictures: kept by each verb, at places that the file tells."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

import pytest

import gainmap_codec as gm
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from support import other_parts as files
from support.other_parts import SEF, VIDEO, file_of, item, preview, xmp
from support.paths import FIXTURES

CLAIMS = (
    'GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1" GCamera:MotionPhotoPresentationTimestampUs="500000" '
    'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="{}"'
)
PRIMARY, MAP = item("Primary", "image/jpeg"), item("GainMap", "image/jpeg", files.map_bytes())
MOTION = item("MotionPhoto", "video/mp4", len(VIDEO))
LARGE, STEREO = 0x010002, 0x020002


def motion() -> bytes:
    return file_of([VIDEO], xmp(PRIMARY + MAP + MOTION, CLAIMS.format(len(VIDEO))))


def motion_before_map() -> bytes:
    distance = len(VIDEO) + files.map_bytes()
    return file_of([VIDEO], xmp(PRIMARY + MOTION + MAP, CLAIMS.format(distance)), map_at=1)


def samsung() -> bytes:
    """A video inside a trailer, found from the file's end; the primary's padding reaches over what stands before it."""
    start = SEF.index(VIDEO)
    primary = item("Primary", "image/jpeg", padding=start)
    video = item("MotionPhoto", "video/mp4", len(SEF) - start)
    return file_of([SEF], xmp(primary + MAP + video, CLAIMS.format(len(SEF) - start)))


FILES: dict[str, tuple[Callable[[], bytes], list[tuple[str, bytes]]]] = {
    "motion": (motion, [("video", VIDEO)]),
    "motion and nothing of the user's": (
        lambda: file_of([VIDEO], xmp(PRIMARY + MAP + MOTION, CLAIMS.format(len(VIDEO)), rights="")),
        [("video", VIDEO)],
    ),
    "motion before the map": (motion_before_map, [("video", VIDEO)]),
    "micro video without a directory": (
        lambda: file_of([b"maker's" + VIDEO], xmp("", CLAIMS.format(len(VIDEO)))),
        [("data", b"maker's"), ("video", VIDEO)],
    ),
    "video that nothing tells of": (lambda: file_of([VIDEO], map_at=1), [("video", VIDEO)]),
    "Samsung": (samsung, [("data", SEF[: SEF.index(VIDEO)]), ("video", SEF[SEF.index(VIDEO) :])]),
    "Samsung without XMP": (lambda: file_of([SEF]), [("video", SEF)]),
    "preview": (lambda: file_of([preview()], attributes=(LARGE,), map_at=1), [("picture", preview())]),
    "preview that nothing tells of": (lambda: file_of([preview()]), [("picture", preview())]),
    "stereo and a trailer": (
        lambda: file_of([preview(), preview(), b"LIVE_1234"], attributes=(STEREO, LARGE, 0), map_at=1),
        [("picture", preview()), ("picture", preview()), ("data", b"LIVE_1234")],
    ),
    "padding": (lambda: file_of([bytes(40), preview()], map_at=1), [("picture", preview())]),
}
KEEPING: dict[str, Callable[[bytes], bytes]] = {
    "transcode": gm.transcode,
    "quality": lambda data: gm.transcode(data, quality=80),
    "rotate": lambda data: gm.rotate(data, 90),
    "flip": lambda data: gm.flip(data, "vertical"),
    "encode": lambda data: gm.encode(data, carry="standard"),
}
CUTTING: dict[str, Callable[[bytes], bytes]] = {
    "crop": lambda data: gm.crop(data, (0, 0, 8, 8)),
    "resize": lambda data: gm.resize(data, (8, None)),
}


def others(data: bytes) -> list[tuple[str, bytes]]:
    return [(part.kind, part.data) for part in parse_file(data, "file", Limits()).others]


def places_are_true(data: bytes) -> None:
    """The index names whole pictures, the directory whole parts, and a Micro Video's offset its video."""
    for start, size, _ in files.listed(data):
        assert data[start : start + 2] == b"\xff\xd8"
        assert data[start + size - 2 : start + size] == b"\xff\xd9"
    for semantic, start, length in files.items(data):
        assert 0 < length <= len(data) - start
        beginning = data[start : start + 8]
        assert beginning[4:] == b"ftyp" if semantic == "MotionPhoto" else beginning[:2] == b"\xff\xd8"
    video = files.micro_video(data)
    assert video is None or data[video : video + len(VIDEO)] == VIDEO


@pytest.mark.parametrize("name", FILES)
def test_parts_are_found_and_named(name: str) -> None:
    data, expected = FILES[name][0](), FILES[name][1]
    assert others(data) == expected
    info = gm.inspect(data)
    assert [(part.kind, part.bytes) for part in info.other_parts] == [(kind, len(part)) for kind, part in expected]
    assert all(data[part.place :].startswith(of) for part, (_, of) in zip(info.other_parts, expected, strict=True))
    assert info.gain_map is not None and info.warnings == ()


@pytest.mark.parametrize("verb", KEEPING)
@pytest.mark.parametrize("name", FILES)
@pytest.mark.filterwarnings("error")
def test_parts_are_kept_at_true_places(name: str, verb: str) -> None:
    source, expected = FILES[name][0](), FILES[name][1]
    data = KEEPING[verb](source)
    assert others(data) == expected
    assert gm.inspect(data).gain_map is not None
    if (name, verb) not in (("Samsung", "rotate"), ("Samsung", "flip")):  # its own padding lies there, as it was
        places_are_true(data)
    claims = rb'GCamera:(\w+)="'
    assert re.findall(claims, data) == re.findall(claims, source)
    kinds = [attribute for _, _, attribute in files.listed(source) if attribute]
    assert [attribute for _, _, attribute in files.listed(data) if attribute] == kinds


@pytest.mark.parametrize("verb", CUTTING)
@pytest.mark.parametrize("name", FILES)
def test_other_sizes_keep_all_but_pictures(name: str, verb: str) -> None:
    pictures = [part for kind, part in FILES[name][1] if kind == "picture"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = CUTTING[verb](FILES[name][0]())
    # A picture of 16 pixels is small beside what is said of it.
    caught = [warning for warning in caught if "is a larger file" not in str(warning.message)]
    assert others(data) == [(kind, part) for kind, part in FILES[name][1] if kind != "picture"]
    places_are_true(data)
    lines = [str(warning.message) for warning in caught if "is a larger file" not in str(warning.message)]
    assert len(lines) == len(set(pictures))
    for line in lines:
        assert line == (f"another picture (a preview?), {len(preview())} bytes: not kept, it shows the photo as it was")


@pytest.mark.parametrize("container", ["heic", "avif"])
@pytest.mark.parametrize("name", FILES)
def test_other_containers_make_no_claims(name: str, container: str) -> None:
    with pytest.warns(gm.GainMapWarning, match="not carried into an? (HEIC|AVIF) file"):
        data = gm.transcode(FILES[name][0](), container=container)  # type: ignore[arg-type]
    assert others(data) == []
    packet = parse_file(data, "file", Limits()).xmp or b""
    assert not re.search(rb"MotionPhoto|MicroVideo|Container", packet)
    back = gm.transcode(data, container="jpeg")
    assert others(back) == []
    assert not re.search(rb"MotionPhoto|MicroVideo", back)


def test_a_map_that_cannot_be_used_goes() -> None:
    broken = file_of([preview()]).replace(b"urn:iso", b"urn:osi").replace(b'GainMapMax="', b'GainMapMad="')
    assert [kind for kind, _ in others(broken)] == ["gain map", "picture"]
    for verb in (gm.transcode, CUTTING["crop"]):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            data = verb(broken)
        assert "the gain map that cannot be used is not kept" in [str(warning.message) for warning in caught]
        assert "gain map" not in [kind for kind, _ in others(data)]


@pytest.mark.parametrize("name", ["tmap-no-group.avif", "auxiliary-without-xmp.avif", "map-broken.avif"])
def test_a_map_among_the_items_that_cannot_be_used_goes_too(name: str) -> None:
    broken = (FIXTURES / "invalid" / name).read_bytes()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = gm.transcode(broken)
    assert "the gain map that cannot be used is not kept" in [str(warning.message) for warning in caught]
    assert parse_file(data, "file", Limits()).refused == () and len(data) < len(broken)


@pytest.mark.parametrize("tail", [b"bytes", b"a vendor's bytes"])
def test_bytes_behind_the_boxes_stay(tail: bytes) -> None:
    data = gm.transcode(files.file_of([]), container="avif") + tail
    assert gm.transcode(data).endswith(tail)
    assert gm.rotate(data, 90).endswith(tail)
