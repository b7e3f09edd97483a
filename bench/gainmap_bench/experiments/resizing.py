"""What `resize` makes of a neural gain map, beside the old network on the new base and a new fit to the small pair."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import process_time
from typing import Literal

from gainmap_codec.api import encode, resize
from gainmap_codec.codec.encoding import encode_with_report
from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.codec.options import EncodeOptions
from gainmap_codec.codec.rendering import STORED, full_headroom, render
from gainmap_codec.errors import NO_LIMITS, GainMapWarning
from gainmap_codec.files.container import serialize_file
from gainmap_codec.files.orientations import shown_size
from gainmap_codec.pixels.color.light import Array, pq_psnr
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.raster.geometry import to_upright
from gainmap_codec.pixels.raster.resampling import resized


def resizing_rows(
    photos: Iterable[Path], side: int | None, factors: Iterable[int], carry: Literal["neural", "both"], quality: int
) -> Iterator[str]:
    """Markdown rows: PQ-PSNR of the photo, of the old network on the small base, as `resize` writes it, of a new fit.

    All are against the HDR rendition that the photo's own map gives, at the small size in means of light, and have the
    same base. The new fit sees that rendition, as if no gain were known by which it was made.

    Args:
        side: Longest side that photos have before they get a neural map; None leaves them as they are.
        factors: By which they become smaller afterwards.
        carry: Gain maps that they have then.
        quality: Of the small base.
    """
    yield "| picture | pixels | by | before | old network | written | new fit | written − new | bytes | CPU s |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GainMapWarning)
        for photo in photos:
            data = resize(photo, fit=side, carry="standard") if side else photo.read_bytes()
            source = open_file(data, photo.name, NO_LIMITS)
            hdr, headroom = render(source, "standard", STORED), full_headroom(source, "standard")
            whole = open_file(encode(data, carry=carry), photo.name, NO_LIMITS)
            for factor in factors:
                row = _row(whole, hdr, headroom, factor, quality)
                yield f"| {photo.stem} | {hdr.shape[1]} × {hdr.shape[0]} | {factor} | {row} |"


def _row(whole: OpenedFile, hdr: Array, headroom: float, factor: int, quality: int) -> str:
    width, height = shown_size((whole.file.base.width, whole.file.base.height), whole.file.orientation)
    start = process_time()
    small = open_file(resize(whole.data, (width // factor, height // factor), quality=quality), "small", NO_LIMITS)
    seconds = process_time() - start
    wanted = resized(hdr, small.file.base.width, small.file.base.height)
    old = OpenedFile(small.file, whole.neural, "soft", ())
    base = serialize_file(small.file.without_gain_maps(), [])
    image = HdrImage(to_upright(wanted, small.file.orientation), headroom=headroom)
    new = encode_with_report(image, base, EncodeOptions(carry="neural"))
    assert whole.neural and small.file.payload and whole.file.payload and new.neural_psnr is not None
    written = pq_psnr(_neural(small), wanted)
    kept = pq_psnr(_neural(old), wanted)
    before = pq_psnr(_neural(whole), hdr)
    numbers = f"{before:.2f} | {kept:.2f} | {written:.2f} | {new.neural_psnr:.2f} | {written - new.neural_psnr:+.2f}"
    sizes = f"{len(whole.file.payload)} → {len(small.file.payload)}; {new.payload_bytes}"
    return f"{numbers} | {sizes} | {seconds:.1f}"


def _neural(opened: OpenedFile) -> Array:
    return render(opened, "neural", STORED)
