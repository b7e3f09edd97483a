"""`decode_many`: photo after photo, while those behind it are read and decoded already."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from gainmap_codec.api import check_decode_options, decode_quietly
from gainmap_codec.pixels.formats.sources import Source
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.strips import PROCESSORS

_MOST_WORKERS = 4  # one reads and decodes a JPEG, others upload, render and download


def decode_many(
    sources: Iterable[Source], *, device: str = "auto", workers: int | None = None, **options: Any
) -> Iterator[HdrImage | Exception]:
    """Decode photos one after the other; threads work ahead, on CUDA with a stream each.

    So that files are read and bases decoded while other photos are rendered, and on CUDA uploads, kernels and downloads
    overlap. Memory holds at most `workers` + 1 photos that the caller has not let go of, whatever their number.

    Args:
        sources: Paths, bytes or binary files; taken as they are needed.
        device: As in `decode`.
        workers: Threads; None is as many as there are processors, up to four.
        options: As in `decode`, but for `out`: `headroom`, `prefer`, `color_space`, `region`, `dtype` …
    Returns:
        For each source, in their order, the picture, or the exception that `decode` would have raised: a photo that
        cannot be decoded does not stop the others. Nothing is warned of: a picture's `warnings` tell.
    Raises:
        TypeError, ValueError: An option is wrong, or CUDA is not there; at once, before anything is read.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"workers: at least 1 wanted, {workers} found")
    if "out" in options:
        raise TypeError("decode_many: every picture has an array of its own, no `out` is taken")
    checked = check_decode_options({"device": device, **options})
    return _in_order(sources, checked, workers or min(PROCESSORS, _MOST_WORKERS))


def _in_order(sources: Iterable[Source], options: dict[str, Any], workers: int) -> Iterator[HdrImage | Exception]:
    ahead: deque[Future[HdrImage | Exception]] = deque()
    with ThreadPoolExecutor(workers, initializer=_own_stream, initargs=(options["device"],)) as pool:
        try:
            for source in sources:
                ahead.append(pool.submit(_decoded, source, options))
                if len(ahead) > workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:  # the caller has had enough
                future.cancel()


def _decoded(source: Source, options: dict[str, Any]) -> HdrImage | Exception:
    try:
        return decode_quietly(source, options)
    except Exception as error:  # whatever one photo brings about, the others are to be decoded
        return error


def _own_stream(device: str) -> None:
    if device != "cpu":
        from gainmap_codec.neural.devices import take_own_stream

        take_own_stream(device)
