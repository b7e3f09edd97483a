"""`decode_many`: photo after photo, while those behind it are read and decoded already."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from gainmap_codec.codec.decoding import decode_with_notes
from gainmap_codec.codec.options import DecodeOptions
from gainmap_codec.pixels.formats.sources import Source
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.strips import PROCESSORS

_MOST_WORKERS = 4  # one reads and decodes a JPEG, others upload, render and download


def decode_in_order(
    sources: Iterable[Source], options: DecodeOptions, workers: int | None
) -> Iterator[HdrImage | Exception]:
    """See `gainmap_codec.decode_many`."""
    count = workers or min(PROCESSORS, _MOST_WORKERS)
    ahead: deque[Future[HdrImage | Exception]] = deque()
    with ThreadPoolExecutor(count, initializer=_own_stream, initargs=(options.device,)) as pool:
        try:
            for source in sources:
                ahead.append(pool.submit(_decoded, source, options))
                if len(ahead) > count:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:  # the caller has had enough
                future.cancel()


def _decoded(source: Source, options: DecodeOptions) -> HdrImage | Exception:
    try:
        return decode_with_notes(source, options)
    except Exception as error:  # whatever one photo brings about, the others are to be decoded
        return error


def _own_stream(device: str) -> None:
    if device != "cpu":
        from gainmap_codec.neural.devices import take_own_stream

        take_own_stream(device)
