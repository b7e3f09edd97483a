"""What is measured, named on a command line: pictures, pairs, folders of either, and the layout of Gain-MLP's data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import click
import imagecodecs
import numpy as np

from gainmap_bench.inputs.evaluation import BenchPair, load_pair, plain_pair, reduced, scene_pair
from gainmap_codec.errors import GainMapError
from gainmap_codec.pixels.color.base_color import BaseColor
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS, conversion_matrix, convert, with_bits
from gainmap_codec.pixels.formats.hdr_files import read_hdr
from gainmap_codec.pixels.raster.tone_map import encode_base

_PICTURES = (".avif", ".exr", ".hdr", ".heic", ".jpeg", ".jpg", ".npy", ".png", ".tif", ".tiff")
_SCENE_LINEAR = (".exr", ".hdr", ".npy")
_PUBLISHED_WHITE_NITS = 100
_PUBLISHED_GAMMA = 2.4

SourceKind = Literal["files", "local", "published", "scene"]


class Source(NamedTuple):
    """A pair before it is read.

    Attributes:
        hdr: The HDR picture, or a gain-map photo.
        sdr: The SDR picture; None where the photo has a base, or one is to be made.
        kind: "files": as `evaluation.load_pair` reads them; "local": with a base that is tone-mapped locally;
            "published": TIFFs as those of Gain-MLP; "scene": the demonstration's, which needs no file.
        is_named: It was named itself: a folder's pictures that are not HDR are left out.
    """

    hdr: Path
    sdr: Path | None = None
    kind: SourceKind = "files"
    is_named: bool = True


SCENE = Source(Path("scene"), kind="scene")


def source_of(text: str) -> Source:
    """The pair of ``HDR[,SDR]``."""
    hdr, _, sdr = text.partition(",")
    return Source(Path(hdr), Path(sdr) if sdr else None)


def sources_of(text: str) -> list[Source]:
    """``HDR[,SDR]``, or all pairs of a folder: of ``hdr`` and ``sdr`` in it by name, where it has these, else of its
    pictures. Linear pictures in a folder are two pairs each: with a base tone-mapped globally, and one locally."""
    folder = Path(text)
    if not folder.is_dir():
        return [source_of(text)]
    if (folder / "hdr").is_dir() and (folder / "sdr").is_dir():
        return list(_matched(folder))
    found = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in _PICTURES:
            kinds: tuple[SourceKind, ...] = ("files", "local") if path.suffix.lower() in _SCENE_LINEAR else ("files",)
            found += [Source(path, None, kind, is_named=False) for kind in kinds]
    return found


def _matched(folder: Path) -> Iterator[Source]:
    sdr = {path.stem: path for path in sorted((folder / "sdr").iterdir())}
    for path in sorted((folder / "hdr").iterdir()):
        if path.stem in sdr:
            yield Source(path, sdr[path.stem], "published")
        else:
            click.echo(f"left out: {path}: no picture of that name in {folder / 'sdr'}", err=True)


def usable(sources: Iterable[Source], longest_side: int | None = None) -> Iterator[tuple[Source, BenchPair]]:
    """The sources that can be read, and what they hold; a folder's others are named on standard error.

    Raises:
        click.ClickException: One that was named itself cannot be read.
    """
    for source in sources:
        try:
            yield source, load(source, longest_side)
        except (GainMapError, ValueError, OSError) as error:
            if source.is_named:
                raise click.ClickException(str(error)) from error
            click.echo(f"left out: {error}", err=True)


@lru_cache(maxsize=1)  # work on one pair comes in a row
def load(source: Source, longest_side: int | None = None) -> BenchPair:
    """Read a pair; arguments and errors as of `evaluation.load_pair`."""
    if source.kind == "scene":
        return reduced(scene_pair(), longest_side)
    if source.kind == "local":
        return reduced(_tone_mapped_locally(source.hdr), longest_side)
    if source.kind == "published":
        assert source.sdr is not None
        return reduced(load_published(source.hdr, source.sdr), longest_side)
    return load_pair(source.hdr, source.sdr, longest_side=longest_side)


def _tone_mapped_locally(path: Path) -> BenchPair:
    from gainmap_bench.inputs.local_tone_map import tone_map_locally  # loads OpenCV

    image = read_hdr(path)
    linear = convert(image.pixels, image.color_space, "srgb")
    codes = encode_base(tone_map_locally(linear))
    assert codes.dtype == np.uint8
    return BenchPair(f"{path.stem}, local", "local", plain_pair(image, codes), None)


def load_published(hdr: Path, sdr: Path) -> BenchPair:
    """A pair as Gain-MLP's data set has them: 16-bit TIFFs.

    HDR is BT.2020 in PQ. SDR is BT.709 with gamma 2.4, whose white is 100 cd/m², rounded to 8 bits as there; it is not
    coded as a JPEG.

    Args:
        hdr: The HDR picture.
        sdr: The SDR picture, of the same size.
    Raises:
        GainMapError, ValueError, OSError: A file cannot be read, or they do not match.
    Source: github.com/trevorcanham/Gain-MLP, README.
    """
    image = read_hdr(hdr)
    codes = imagecodecs.tiff_decode(sdr.read_bytes())
    if codes.dtype != np.uint16 or codes.ndim != 3 or codes.shape[2] < 3:
        raise ValueError(f"{sdr}: a TIFF of 16-bit RGB wanted, {codes.dtype} {codes.shape} found")
    base = np.ascontiguousarray(with_bits(codes[..., :3], 16, 8), np.uint8)
    pair = plain_pair(image, base)
    return BenchPair(hdr.stem, "graded", pair._replace(codes=base, color=_published_color()), None)


def _published_color() -> BaseColor:
    curve = (np.arange(256) / 255) ** _PUBLISHED_GAMMA * (_PUBLISHED_WHITE_NITS / SDR_WHITE_NITS)
    return BaseColor("bt709-gamma-2.4", conversion_matrix("srgb", "bt2020"), np.stack([curve] * 3).astype(np.float32))
