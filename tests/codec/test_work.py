"""Small files that ask for much work: read within a second or so, or refused; the base is never lost to metadata."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import gainmap_codec as gm
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.structure import sections_of
from support.heavy_files import BASES_OF_MANY_TILES, HEAVY
from support.paths import FIXTURES

_SECONDS = 5.0
"""Each takes less than one in `inspect` where nothing else runs; docs/reliability.md has the longest."""

Verb = Callable[[bytes], object]
VERBS: dict[str, Verb] = {
    "inspect": lambda data: gm.inspect(data, brightness=True),
    "transcode": lambda data: gm.transcode(data, strip="gps"),
    "sections": lambda data: sections_of(data, parse_file(data, "it", gm.Limits()), gm.Limits()),
    "rotate": lambda data: gm.rotate(data, 90),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", HEAVY)
def test_a_megabyte_takes_no_more_than_a_moment(name: str, verb: str) -> None:
    data = HEAVY[name]()
    assert len(data) <= 1 << 20
    began = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            VERBS[verb](data)
    except gm.LimitError as error:
        assert name in BASES_OF_MANY_TILES and "raise Limits." in str(error)
    seconds = time.process_time() - began
    print(f"{verb} {name}: {seconds:.2f} s of CPU")
    assert seconds < _SECONDS


@pytest.mark.parametrize("name", sorted(HEAVY.keys() - BASES_OF_MANY_TILES))
def test_metadata_never_cost_the_base(name: str) -> None:
    """Even where there is no work left for them at all."""
    data = HEAVY[name]()
    allowed = parse_file(data, "it", gm.Limits())
    meagre = parse_file(data, "it", gm.Limits(work=2_000_000))
    assert meagre.base == allowed.base
    assert meagre.base_digest == allowed.base_digest


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("many_xmp", "(auxiliary image) ignored: work: expected at most 8388608, got "),
        ("many_maps_with_xmp", "(auxiliary image) ignored: work: expected at most 8388608, got "),
        ("payload_of_ones", "work: expected at most 8388608, got 8399464 (raise Limits.work to accept); the neural"),
    ],
)
def test_what_is_given_up_is_told(name: str, message: str) -> None:
    assert any(message in warning for warning in gm.inspect(HEAVY[name]()).warnings)


def test_who_allows_more_work_gets_it() -> None:
    info = gm.inspect(HEAVY["payload_of_ones"](), limits=gm.Limits(work=1 << 30))
    assert info.payload is not None


def test_work_is_counted_for_each_file_alone() -> None:
    limits = gm.Limits(work=20_000)
    data = (FIXTURES / "jpeg/both.jpg").read_bytes()
    for _ in range(3):
        assert gm.inspect(data, limits=limits).warnings == ()
    assert limits == gm.Limits(work=20_000)


@pytest.mark.parametrize("path", sorted((FIXTURES / "heif").iterdir()) + sorted((FIXTURES / "jpeg").iterdir()), ids=str)
def test_ordinary_files_take_a_hundredth_of_what_is_allowed(path: Path) -> None:
    limits = gm.Limits(work=gm.Limits().work // 100)
    assert gm.inspect(path, limits=limits).warnings == gm.inspect(path).warnings
