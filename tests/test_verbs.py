"""What holds for every public verb: own notes in threads, the caller's limits, one parse, one write, one chooser."""

from __future__ import annotations

import dataclasses
import inspect
import io
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec import batch, pillow
from gainmap_codec.codec import readback
from gainmap_codec.codec.options import BatchOptions, DecodeOptions, EncodeOptions, SwapOptions, TranscodeOptions
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.jpeg.segments import make_segment
from gainmap_codec.files.map_metadata.iso21496 import serialize_iso21496
from gainmap_codec.files.records import GainMapFile, GainMapMetadata
from gainmap_codec.pixels.scene import render_scene
from support import pipeline_files as files
from support.paths import FIXTURES
from support.profiles import described, gamma_profile

THREADS, CALLS = 8, 300
ODD = ("iso-twice", "payload-bad-crc", "exif-twice", "xmp-twice", "icc-count-lies", "mpf-size-0", "no-eoi")
PLAIN = ("jpeg/both.jpg", "jpeg/standard.jpg", "heif/grid.heic")
MANY = Limits(segments=10_000)


def sources() -> list[bytes]:
    return [(FIXTURES / name).read_bytes() for name in (*PLAIN, *(f"invalid/{name}.jpg" for name in ODD))]


def with_many_segments(data: bytes) -> bytes:
    """The JPEG with 5000 comments: more segments than `Limits` allow unless they are raised."""
    return data[:2] + make_segment(0xFE, b"x", "comment") * 5000 + data[2:]


VERBS: dict[str, Callable[[bytes], object]] = {
    "transcode": gm.transcode,
    "decode": gm.decode,
    "inspect": gm.inspect,
    "pillow.open": pillow.open,
    "rotate": lambda data: gm.rotate(data, 90),
    "extract": gm.extract,
}


def warned(call: Callable[[], object]) -> Counter[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return Counter(str(warning.message) for warning in caught)


def own_notes(result: object) -> tuple[str, ...] | None:
    return result.warnings if isinstance(result, (gm.HdrImage, gm.Inspection)) else None


def test_in_threads_each_result_has_its_own_notes_and_each_warning_comes_once() -> None:
    jobs = [(name, data) for data in sources() for name in VERBS]
    alone = {job: warned(partial(VERBS[job[0]], job[1])) for job in jobs}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        notes = {job: own_notes(VERBS[job[0]](job[1])) for job in jobs}
    assert sum(alone.values(), Counter()), "files with oddities warn"
    work = [jobs[index % len(jobs)] for index in range(CALLS)]
    filters, show = list(warnings.filters), warnings.showwarning

    def run(job: tuple[str, bytes]) -> tuple[tuple[str, bytes], tuple[str, ...] | None]:
        return job, own_notes(VERBS[job[0]](job[1]))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        inside = list(warnings.filters)
        with ThreadPoolExecutor(THREADS) as pool:
            results = list(pool.map(run, work))
        assert warnings.filters == inside
    assert all(found == notes[job] for job, found in results if found is not None)
    expected = sum((alone[job] for job in work), Counter())
    assert Counter(str(warning.message) for warning in caught) == expected
    assert (warnings.filters, warnings.showwarning) == (filters, show)


WITH_LIMITS: dict[str, Callable[[bytes, Limits], object]] = {
    "decode": lambda data, limits: gm.decode(data, limits=limits),
    "inspect": lambda data, limits: gm.inspect(data, limits=limits),
    "transcode": lambda data, limits: gm.transcode(data, limits=limits),
    "transcode, another container": lambda data, limits: gm.transcode(data, container="avif", limits=limits),
    "transcode, coded again": lambda data, limits: gm.transcode(data, quality=80, limits=limits),
    "crop": lambda data, limits: gm.crop(data, (0, 0, 8, 8), limits=limits),
    "resize": lambda data, limits: gm.resize(data, (8, None), limits=limits),
    "rotate": lambda data, limits: gm.rotate(data, 90, limits=limits),
    "flip": lambda data, limits: gm.flip(data, "horizontal", limits=limits),
    "extract": lambda data, limits: gm.extract(data, limits=limits),
    "assemble": lambda data, limits: gm.assemble(data, None, None, container="jpeg", limits=limits),
    "swap": lambda data, limits: gm.swap(data, container="avif", limits=limits),
    "encode, from a gain-map file": lambda data, limits: gm.encode(data, carry="standard", limits=limits),
    "encode, onto a base": lambda data, limits: gm.encode(bright(data), data, carry="standard", limits=limits),
    "decode_many": lambda data, limits: raised(next(gm.decode_many([data], limits=limits))),
    "pillow": lambda data, limits: pillow.save(
        pillow.crop(pillow.open(data, limits=limits), (0, 0, 8, 8)), io.BytesIO(), format="JPEG"
    ),
}


def bright(data: bytes) -> gm.HdrImage:
    base = parse_file(data, "base", MANY).base
    return gm.HdrImage(np.full((base.height, base.width, 3), 2.0, np.float32))


def raised(result: object) -> object:
    if isinstance(result, Exception):
        raise result
    return result


@pytest.mark.parametrize("verb", WITH_LIMITS)
@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_the_callers_limits_hold_all_the_way_down(verb: str) -> None:
    data = with_many_segments((FIXTURES / "jpeg/both.jpg").read_bytes())
    with pytest.raises(gm.LimitError, match=r"raise Limits\.segments"):
        WITH_LIMITS[verb](data, Limits())
    WITH_LIMITS[verb](data, MANY)


@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_the_tightest_limits_that_a_file_passes_are_enough_to_write_it_again() -> None:
    data = (FIXTURES / "heif/grid.heic").read_bytes()
    tight = Limits(pixels=128 * 128, file_bytes=len(data))  # the size of its grid
    gm.transcode(data, limits=tight)
    gm.rotate(data, 90, limits=tight)


@pytest.mark.parametrize("prefer", ["standard", "neural", "base", "auto"])
@pytest.mark.parametrize("name", ["neural only", "standard only", "both", "broken map"])
def test_tensors_choose_and_tell_as_decode_does(name: str, prefer: Any) -> None:
    pytest.importorskip("torch")
    from gainmap_codec import tensors

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        makers: dict[str, Callable[[], bytes]] = {
            "neural only": lambda: gm.transcode(files.both(), carry="neural"),
            "standard only": lambda: (FIXTURES / "jpeg/standard.jpg").read_bytes(),
            "both": files.both,
            "broken map": lambda: (FIXTURES / "invalid/truncated-map.jpg").read_bytes(),
        }
        data = makers[name]()
    told = warned(lambda: gm.decode(data, prefer=prefer))
    assert warned(lambda: tensors.decode(data, prefer=prefer, device="cpu")) == told
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image, pixels = gm.decode(data, prefer=prefer), tensors.decode(data, prefer=prefer, device="cpu")
    assert image.rendered_from in ("neural", "standard", "base")
    if image.rendered_from != "neural":  # there, torch and NumPy add in another order
        assert np.array_equal(pixels.numpy(), image.pixels)
    else:
        assert np.allclose(pixels.numpy(), image.pixels, rtol=1e-3, atol=1e-4)


ONCE: dict[str, Callable[[bytes], object]] = {
    "transcode": gm.transcode,
    "transcode, to AVIF": lambda data: gm.transcode(data, container="avif"),
    "transcode, to JPEG": lambda data: gm.transcode(data, container="jpeg"),
    "transcode, coded again": lambda data: gm.transcode(data, quality=80),
    "transcode, without places": lambda data: gm.transcode(data, strip="gps"),
    "crop": lambda data: gm.crop(data, (0, 0, 8, 8)),
    "resize": lambda data: gm.resize(data, (8, None)),
    "rotate": lambda data: gm.rotate(data, 90),
    "flip": lambda data: gm.flip(data, "vertical"),
    "encode": lambda data: gm.encode(data, carry="standard"),
    "swap": lambda data: gm.swap(data, container="avif"),
}
SOURCES = ("jpeg/both.jpg", "heif/tmap.avif", "heif/grid.heic")


class Counted:
    """Calls of a function, wherever the package has it by name."""

    def __init__(self, patch: pytest.MonkeyPatch, name: str) -> None:
        self.arguments: list[Any] = []
        places = [module for key, module in sorted(sys.modules.items()) if key.startswith("gainmap_codec")]
        self._function = next(vars(module)[name] for module in places if name in vars(module))
        for module in places:
            if vars(module).get(name) is self._function:
                patch.setattr(module, name, self)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self.arguments.append((arguments[0], named.get("start", 0)))
        return self._function(*arguments, **named)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("verb", ONCE)
@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_a_file_is_parsed_once_and_written_once(verb: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (FIXTURES / source).read_bytes()
    parsed, written = Counted(monkeypatch, "parse_file"), Counted(monkeypatch, "serialize_file")
    segments, packets = Counted(monkeypatch, "parse_segments"), Counted(monkeypatch, "parse_meta")
    ONCE[verb](data)
    assert len(parsed.arguments) == 2, "the source, and the new file when it is read back"
    turned_in_place = verb in ("rotate", "flip") and source.endswith(".jpg")  # nothing is put together
    if verb in (
        "crop",
        "resize",
    ):  # weighed, and with fewer bytes at lower qualities where it is larger than its source
        assert 2 <= len(written.arguments) <= 11
        return
    assert len(written.arguments) == (0 if turned_in_place else 1)
    pictures = [(bytes(data), start) for data, start in segments.arguments]
    assert max(Counter(pictures).values(), default=0) <= 2, "a JPEG picture was cut into segments twice for one file"
    boxes = [file.data for file, _ in packets.arguments]
    most = 3 if verb == "transcode, without places" else 2  # stripping looks into the boxes for itself
    assert max(Counter(boxes).values(), default=0) <= most, "HEIF boxes were parsed twice for one file"


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("verb", ONCE)
@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_success_is_said_only_of_what_reads_back_as_meant(
    verb: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(file: GainMapFile, notes: list[str]) -> bytes:
        return serialize_file(replace(file, gain_map=None), notes)

    monkeypatch.setattr(readback, "serialize_file", forgetful)
    data = (FIXTURES / source).read_bytes()
    if verb in ("rotate", "flip") and source.endswith(".jpg"):  # nothing is put together
        ONCE[verb](data)
    else:
        with pytest.raises(gm.UnsupportedError, match="the new file: expected a gain map iso21496, got None"):
            ONCE[verb](data)


EDITS: dict[str, Callable[[bytes], bytes]] = {
    "transcode": gm.transcode,
    "rotate": lambda data: gm.rotate(data, 90),
    "flip": lambda data: gm.flip(data, "vertical"),
    "crop": lambda data: gm.crop(data, (0, 0, 8, 8)),
    "resize, smaller": lambda data: gm.resize(data, (8, None)),
    "resize, larger": lambda data: gm.resize(data, (40, None)),
    "pillow": lambda data: saved(pillow.resize(pillow.open(data), (12, 12)), "AVIF"),
}


def saved(image: Image.Image, format: str) -> bytes:
    stream = io.BytesIO()
    pillow.save(image, stream, format=format)
    return stream.getvalue()


@pytest.mark.parametrize("verb", EDITS)
@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_a_map_whose_numbers_may_not_be_written_stops_no_edit(verb: str) -> None:
    """Offsets below 0 are read, with a warning, but the standard does not allow to write them."""
    data = (FIXTURES / "heif/tmap.avif").read_bytes()
    file = parse_file(data, "a", Limits())
    assert file.gain_map is not None and isinstance(file.gain_map.metadata, GainMapMetadata)
    numbers = serialize_iso21496(file.gain_map.metadata)
    negative = data.replace(numbers, numbers[:-16] + (-1).to_bytes(4, "big", signed=True) + numbers[-12:])
    assert negative != data and gm.inspect(negative).gain_map is not None
    told: Counter[str] = warned(lambda: EDITS[verb](negative))
    assert any("the standard gain map is not kept" in line for line in told)
    new = gm.inspect(EDITS[verb](negative))
    assert (new.gain_map is None) == (verb in ("rotate", "flip")), "else a map is made anew of what the old one gave"


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        (gm.decode, DecodeOptions),
        (gm.encode, EncodeOptions),
        (gm.transcode, TranscodeOptions),
        (gm.crop, TranscodeOptions),
        (gm.resize, TranscodeOptions),
        (batch.convert, BatchOptions),
        (gm.swap, SwapOptions),
    ],
    ids=["decode", "encode", "transcode", "crop", "resize", "batch", "swap"],
)
def test_options_are_those_of_the_signature(verb: Callable[..., object], options: type) -> None:
    known = {field.name: field.default for field in dataclasses.fields(options)}
    if verb is not gm.crop:
        known.pop("box", None)
    parameters = inspect.signature(verb).parameters
    assert known.keys() <= parameters.keys()
    assert {name: parameters[name].default for name in known if name != "box"} == {
        name: default for name, default in known.items() if name != "box"
    }


@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_a_profile_that_calls_itself_srgb_is_not_taken_for_it() -> None:
    scene = render_scene(64, 48)
    picture = Image.fromarray(np.full((48, 64, 3), 90, np.uint8))
    picture.info["icc_profile"] = described(gamma_profile("bt2020", 1.8), "srgb")
    data = gm.encode(gm.HdrImage(scene), picture, container="avif", carry="standard")
    base = parse_file(data, "file", Limits()).base
    assert base.icc_profile is not None
    assert base.nclx is None or (base.nclx.primaries, base.nclx.transfer) != (1, 13)


@pytest.fixture(scope="module")
def line() -> bytes:
    """The longest row that a JPEG can be, longer than libjpeg writes one."""
    out = io.BytesIO()
    Image.new("RGB", (65_500, 1), (200, 120, 40)).save(out, "JPEG")
    data = out.getvalue()
    size = data.index(b"\xff\xc0") + 5
    return data[:size] + b"\0\1\xff\xff" + data[size + 4 :]


@pytest.mark.parametrize(
    ("verb", "size"),
    [
        (gm.transcode, (65_535, 1)),
        (lambda data: gm.rotate(data, 90), (1, 65_535)),
        (lambda data: gm.flip(data, "horizontal"), (65_535, 1)),
        (lambda data: gm.crop(data, (65_000, 0, 65_535, 1)), (535, 1)),
        (lambda data: gm.resize(data, (100, None)), (100, 1)),
        (lambda data: gm.encode(gm.HdrImage(gm.decode(data).pixels * 4), data, carry="standard"), (65_535, 1)),
    ],
)
def test_the_longest_row_goes_through_every_verb(
    line: bytes, verb: Callable[[bytes], bytes], size: tuple[int, int]
) -> None:
    assert gm.decode(verb(line)).pixels.shape == (size[1], size[0], 3)


@pytest.mark.parametrize("container", ["heic", "avif"])
def test_the_longest_row_is_refused_where_no_codec_holds_it(line: bytes, container: Any) -> None:
    with pytest.raises((ValueError, gm.GainMapError), match="65535"):
        gm.transcode(line, container=container)
