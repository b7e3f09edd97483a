"""`crop`, `rotate`, `flip`, `resize`, as a stranger tries them; pixels are compared with those of the whole file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.codec.options import TranscodeOptions
from gainmap_codec.edit import new_payload
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.payload.format import parse_payload
from gainmap_codec.files.payload.layout import IDENTITY, Fields, read_fields
from gainmap_codec.files.payload.records import Binding
from gainmap_codec.pixels.color.light import pq_psnr
from gainmap_codec.pixels.formats.images import decode_jpeg, encode_jpeg
from gainmap_codec.pixels.raster.geometry import turned
from support import pipeline_files as files
from support.container_files import serialized
from support.paths import FIXTURES

KINDS = {
    "plain": files.plain(),
    "standard": files.made(standard=True),
    "neural": files.made(neural=True),
    "published": files.made(neural=True, preset="paper-gain"),
    "both": files.both(),
    "apple": files.APPLE,
}
ORIENTATIONS = range(1, 9)


pytestmark = pytest.mark.usefixtures("quiet", "short_fits")


def pixels(data: bytes, **options: Any) -> np.ndarray:
    return gm.decode(data, **options).pixels


def close(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-3, atol=1e-4)


# Turning: nothing is coded again


@pytest.mark.parametrize(("orientation", "degrees"), [*product(ORIENTATIONS, (90, 180, 270)), (1, -90), (1, 450)])
def test_rotate_turns_what_the_viewer_sees(orientation: int, degrees: int) -> None:
    source = files.both(orientation)
    for prefer in ("standard", "base") if orientation > 1 else ("neural", "standard"):
        wanted = np.rot90(pixels(source, prefer=prefer), -degrees // 90)
        image = gm.decode(gm.rotate(source, degrees), prefer=prefer)
        assert image.rendered_from == prefer
        assert close(image.pixels, wanted)


@pytest.mark.parametrize(("orientation", "axis"), list(product(ORIENTATIONS, ("horizontal", "vertical"))))
def test_flip_mirrors_what_the_viewer_sees(orientation: int, axis: Any) -> None:
    source = files.both(orientation)
    wanted = np.flip(pixels(source, prefer="standard"), 1 if axis == "horizontal" else 0)
    assert close(pixels(gm.flip(source, axis), prefer="standard"), wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_turning_keeps_every_coded_byte(kind: str) -> None:
    source = KINDS[kind]
    old, new = files.read(source), files.read(gm.rotate(source, 90))
    assert files.scans(new.base.data) == files.scans(old.base.data)
    assert new.gain_map == old.gain_map
    assert (new.payload, new.base_digest, new.others) == (old.payload, old.base_digest, old.others)
    assert new.orientation == 6


def test_turning_four_times_gives_the_same_bytes() -> None:
    once = source = files.both()
    for _ in range(4):
        once = gm.rotate(once, 90)
    assert once == source
    assert gm.rotate(source, 0) == gm.rotate(source, 360) == source
    assert gm.flip(gm.flip(source, "vertical"), "vertical") == source


def test_turning_a_file_without_exif_makes_it(tmp_path: Path) -> None:
    no_exif = serialized(replace(files.read(files.made(standard=True)), exif=None))
    turned_file = gm.rotate(no_exif, 90)
    path = tmp_path / "turned.jpg"
    path.write_bytes(turned_file)
    with Image.open(path) as image:
        assert image.getexif()[0x0112] == 6
    assert files.read(turned_file).gain_map == files.read(no_exif).gain_map
    assert close(pixels(turned_file), np.rot90(pixels(no_exif), -1))


def test_turning_keeps_what_stands_behind_the_pictures() -> None:
    motion = (FIXTURES / "jpeg/motion-photo.jpg").read_bytes()
    old, new = files.read(motion), files.read(gm.rotate(motion, 180))
    assert [part.kind for part in old.others] == ["video"]
    assert [part.data for part in new.others] == [part.data for part in old.others]
    assert new.gain_map == old.gain_map


def test_turning_tells_xmp_too() -> None:
    assert b'tiff:Orientation="6"' in (files.read(gm.rotate(files.plain(), 90)).xmp or b"")


# Cropping


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("prefer", ["neural", "standard", "base"])
def test_crop_is_of_what_the_viewer_sees(orientation: int, prefer: Any) -> None:
    source = files.both(orientation)
    whole = pixels(source, prefer=prefer)
    box = (8, 4, whole.shape[1] - 16, whole.shape[0] - 12)
    image = gm.decode(gm.crop(source, box, quality=100, map_quality=100), prefer=prefer)
    assert image.rendered_from == prefer
    wanted = whole[box[1] : box[3], box[0] : box[2]]
    assert image.pixels.shape == wanted.shape
    inner = (slice(8, -8), slice(8, -8))  # a neural map sees other surroundings at the edges
    assert pq_psnr(np.ascontiguousarray(image.pixels[inner]), np.ascontiguousarray(wanted[inner])) > 40


@pytest.mark.parametrize("box", [(1, 1, 62, 43), (3, 0, 96, 61), (0, 5, 7, 64), (17, 9, 55, 33)])
def test_crop_between_the_pixels_of_the_map(box: tuple[int, int, int, int]) -> None:
    source = files.made(standard=True)
    wanted = pixels(source)[box[1] : box[3], box[0] : box[2]]
    assert pq_psnr(pixels(gm.crop(source, box, quality=100, map_quality=100)), np.ascontiguousarray(wanted)) > 45


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("corner", ["first", "last"])
def test_crop_to_one_pixel(kind: str, corner: str) -> None:
    whole = pixels(KINDS[kind])
    height, width = whole.shape[:2]
    left, top = (0, 0) if corner == "first" else (width - 1, height - 1)
    image = gm.decode(gm.crop(KINDS[kind], (left, top, left + 1, top + 1), quality=100))
    assert image.pixels.shape == (1, 1, 3)
    assert image.rendered_from == gm.decode(KINDS[kind]).rendered_from
    if kind != "published":  # made of random numbers, it jumps from pixel to pixel
        assert pq_psnr(image.pixels, whole[top : top + 1, left : left + 1]) > 20


@pytest.mark.parametrize(
    "box",
    [(0, 0, 97, 10), (0, 0, 10, 65), (-1, 0, 10, 10), (200, 200, 210, 210)],
)
def test_a_box_outside_is_a_callers_mistake(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="inside 96 x 64, got"):
        gm.crop(files.both(), box)


@pytest.mark.parametrize("box", [(10, 10, 10, 20), (20, 20, 10, 30), (0, 9, 10, 9)])
def test_an_empty_box_is_told_as_that(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="box: expected left < right and top < bottom, got"):
        gm.crop(files.both(), box)


def test_a_box_is_of_whole_pixels() -> None:
    with pytest.raises(TypeError):
        gm.crop(files.both(), (0, 0, 10.5, 10))  # type: ignore[arg-type]


def test_the_whole_picture_is_no_crop() -> None:
    assert gm.crop(files.both(), (0, 0, 96, 64)) == files.both()
    assert gm.resize(files.both(), (96, None)) == files.both()


def unbound(payload: bytes) -> tuple[Fields, bytes]:
    """What must not change of a payload: all fields but coordinates, binding and qualities, and the integers."""
    fields, integers = read_fields(payload)
    fields = replace(fields, coordinates=IDENTITY, binding=Binding(b"", b""), neural_psnr=0.0, standard_psnr=0.0)
    return fields, integers


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: gm.crop(data, (3, 5, 60, 50)),
        lambda data: gm.crop(gm.crop(data, (3, 5, 60, 50)), (1, 1, 20, 20)),
        lambda data: gm.resize(data, (48, 32)),
        lambda data: gm.resize(gm.rotate(data, 90), (200, 300)),
    ],
    ids=["crop", "crop twice", "resize", "resize and rotate"],
)
def test_weights_and_latents_stay_byte_for_byte(edit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is kept: here, whatever it is worth on the new base."""
    monkeypatch.setattr(new_payload, "_FALL_DB", inf)
    old, new = (files.read(data).payload or b"" for data in (files.both(), edit(files.both())))
    assert unbound(old) == unbound(new)
    one, other = parse_payload(old), parse_payload(new)
    assert (one.layers, one.latents, one.details) == (other.layers, other.latents, other.details)
    assert one.binding.strict != other.binding.strict


@pytest.mark.parametrize("preset", ["balanced", "paper-gain"])
def test_crop_of_a_crop_is_a_crop(preset: Any) -> None:
    source = files.made(neural=True, preset=preset)
    twice = gm.crop(gm.crop(source, (10, 4, 90, 60)), (5, 6, 65, 46))
    once = gm.crop(source, (15, 10, 75, 50))
    networks = [parse_payload(files.read(data).payload or b"") for data in (twice, once)]
    assert networks[0].coordinates == pytest.approx(networks[1].coordinates, abs=1e-6)


def test_crop_says_what_it_did() -> None:
    report = transcode_with_report(files.both(), TranscodeOptions(box=(0, 0, 50, 50)))
    text = "\n".join((*report.notes, *report.warnings))
    for word in ("base: coded again", "standard gain map", "neural gain map: kept", "thumbnails removed", "C2PA"):
        assert word in text
    assert files.read(report.data).payload is not None


def test_crop_leaves_no_thumbnail_of_the_whole() -> None:
    new = files.read(gm.crop(files.both(), (0, 0, 50, 40)))
    assert new.exif is not None
    assert b"THUM" not in new.exif
    assert b"THUM" in (files.read(files.both()).exif or b"")
    assert new.xmp is not None
    assert b'exif:PixelXDimension="50"' in new.xmp


# Resizing


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (1, None), (None, 1), (48, 32), (192, 50)])
def test_resize(kind: str, size: tuple[int | None, int | None]) -> None:
    image = gm.decode(gm.resize(KINDS[kind], size))
    height, width = image.pixels.shape[:2]
    assert size[0] in (None, width)
    assert size[1] in (None, height)
    same = gm.decode(KINDS[kind]).rendered_from
    assert image.rendered_from in ((same, "standard") if kind == "both" else (same,))  # the better one there


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_resize_is_of_what_the_viewer_sees(orientation: int) -> None:
    source = files.both(orientation)
    whole = pixels(source, prefer="standard")
    height, width = whole.shape[0] // 4, whole.shape[1] // 4
    image = gm.decode(gm.resize(source, (width, height), quality=100), prefer="standard")
    wanted = whole.reshape(height, 4, width, 4, 3).mean(axis=(1, 3))
    assert pq_psnr(image.pixels, wanted.astype(np.float32)) > 35


def test_half_the_size_shows_the_same_hdr() -> None:
    source = files.both()
    for prefer in ("neural", "standard"):
        whole = pixels(source, prefer=prefer)
        half = whole.reshape(32, 2, 48, 2, 3).mean(axis=(1, 3))
        assert pq_psnr(pixels(gm.resize(source, (48, 32), quality=100), prefer=prefer), half.astype(np.float32)) > 30


def test_a_map_that_need_not_shrink_is_kept() -> None:
    old = files.read(files.both())
    larger = files.read(gm.resize(files.both(), (192, None)))
    assert larger.gain_map == old.gain_map
    smaller = files.read(gm.resize(files.both(), (48, None)))
    assert smaller.gain_map is not None
    assert (smaller.gain_map.image.width, smaller.gain_map.image.height) == (12, 8)
    assert smaller.gain_map.metadata == old.gain_map.metadata  # type: ignore[union-attr]


@pytest.mark.parametrize("size", [(0, 10), (10, 0), (-5, None), (None, None)])
def test_a_size_below_1_is_a_callers_mistake(size: Any) -> None:
    with pytest.raises(ValueError, match="size"):
        gm.resize(files.both(), size)


def test_a_size_over_the_limits_is_refused_before_any_work() -> None:
    with pytest.raises(gm.LimitError):
        gm.resize(files.both(), (10**6, 10**6))


# Whatever comes


@pytest.mark.parametrize("name", sorted(p.name for p in (FIXTURES / "invalid").iterdir() if p.suffix == ".jpg"))
def test_broken_files_end_in_a_picture_or_one_error(name: str) -> None:
    data = (FIXTURES / "invalid" / name).read_bytes()
    edits: tuple[Callable[[], bytes], ...] = (
        lambda: gm.crop(data, (1, 1, 3, 3)),
        lambda: gm.resize(data, (5, 5)),
        lambda: gm.rotate(data, 90),
        lambda: gm.flip(data, "vertical"),
    )
    for edit in edits:
        try:
            new = edit()
        except gm.GainMapError:
            with pytest.raises(gm.GainMapError):
                gm.decode(data)  # what can be shown can be edited
            continue
        assert gm.decode(new).pixels.size


@pytest.mark.parametrize("verb", [gm.rotate, gm.crop, gm.resize, gm.flip])
def test_a_wrong_path_is_an_os_error(verb: Any) -> None:
    argument = {gm.rotate: 90, gm.crop: (0, 0, 1, 1), gm.resize: (1, 1), gm.flip: "vertical"}[verb]
    with pytest.raises(FileNotFoundError):
        verb("nowhere/at-all.jpg", argument)


@pytest.mark.parametrize("length", [0, 3, 30, 500, 3000])
def test_a_truncated_file_is_an_error_or_a_picture(length: int) -> None:
    try:
        new = gm.crop(files.both()[:length], (0, 0, 5, 5))
    except gm.GainMapError:
        return
    assert gm.decode(new).pixels.shape == (5, 5, 3)


def test_other_angles_and_axes() -> None:
    with pytest.raises(ValueError, match="multiple of 90"):
        gm.rotate(files.plain(), 45)
    with pytest.raises(ValueError, match="degrees: expected a multiple of 90, got '90'"):
        gm.rotate(files.plain(), "90")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="axis"):
        gm.flip(files.plain(), "diagonal")  # type: ignore[arg-type]


def test_a_losslessly_turned_base_keeps_its_neural_map() -> None:
    """As jpegtran -copy all leaves a file: raster turned, our segment as it was."""
    old = files.read(files.both())
    codes = turned(decode_jpeg(old.base.data), 6)
    base = files.read(encode_jpeg(np.ascontiguousarray(codes), quality=100)).base
    for kind in ("balanced", "paper-gain"):
        payload = files.read(files.made(neural=True, preset=kind)).payload
        image = gm.decode(serialized(replace(old, base=base, exif=None, gain_map=None, payload=payload)))
        assert image.rendered_from == "neural"
        if kind == "balanced":
            wanted = np.rot90(pixels(files.both(), prefer="neural"), -1)
            assert pq_psnr(image.pixels, np.ascontiguousarray(wanted)) > 40


def test_report_of_resize_names_the_map() -> None:
    report = transcode_with_report(files.both(), TranscodeOptions(size=(48, 32)))
    assert any("12 x 8" in line for line in report.notes)


# HEIC and AVIF

HEIFS = (
    "tmap.heic",
    "tmap.avif",
    "grid.heic",
    "tmap-turned.avif",
    "payload.heic",
    "base-10-bit.avif",
    "tmap-hdr-base.avif",
)


@pytest.mark.parametrize("name", HEIFS)
@pytest.mark.parametrize("turn", [90, 180, "horizontal", "vertical"])
def test_turning_heif_changes_orientation_alone(name: str, turn: Any) -> None:
    source = (FIXTURES / "heif" / name).read_bytes()
    new = gm.rotate(source, turn) if isinstance(turn, int) else gm.flip(source, turn)
    old_file, new_file = (parse_file(data, name, gm.Limits()) for data in (source, new))
    assert (new_file.base, new_file.base_digest) == (old_file.base, old_file.base_digest)
    assert (new_file.gain_map, new_file.payload) == (old_file.gain_map, old_file.payload)
    old = pixels(source)
    wanted = np.rot90(old, -turn // 90) if isinstance(turn, int) else np.flip(old, turn == "horizontal")
    assert close(pixels(new), wanted)


@pytest.mark.parametrize("name", HEIFS)
def test_heif_is_cropped_and_resized(name: str) -> None:
    source = (FIXTURES / "heif" / name).read_bytes()
    whole = gm.decode(source)
    height, width = whole.pixels.shape[:2]
    part = gm.decode(gm.crop(source, (1, 2, width - 3, height - 1), quality=100))
    assert part.pixels.shape == (height - 3, width - 4, 3)
    assert part.rendered_from == whole.rendered_from
    wanted = np.ascontiguousarray(whole.pixels[2 : height - 1, 1 : width - 3])
    assert pq_psnr(part.pixels, wanted) > 30
    half = gm.decode(gm.resize(source, (width // 2, None)))
    assert half.pixels.shape[1] == width // 2
    assert half.rendered_from == whole.rendered_from


@pytest.mark.parametrize("container", ["heic", "avif"])
def test_a_neural_map_is_cropped_in_heif(container: Any) -> None:
    source = gm.transcode(files.both(), container=container, quality=95)
    whole = pixels(source, prefer="neural")
    image = gm.decode(gm.crop(source, (10, 6, 80, 60), quality=98), prefer="neural")
    assert image.rendered_from == "neural"
    inner = (slice(8, -8), slice(8, -8))
    wanted = np.ascontiguousarray(whole[6:60, 10:80][inner])
    assert pq_psnr(np.ascontiguousarray(image.pixels[inner]), wanted) > 35
