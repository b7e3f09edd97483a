"""The documentation's gallery: pictures in SDR and HDR, where they differ, what a neural gain map misses, and bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import gainmap_codec as gm
from gainmap_bench.report.panels import pq_errors, seen, small, spread
from gainmap_codec.files.payload.records import Preset
from gainmap_codec.pixels.color.light import Array
from gainmap_codec.pixels.formats.outputs import write_atomically
from gainmap_codec.pixels.scene import grade_scene, render_scene

_OFFSET = 1 / 64
_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)  # of BT.2020
_PHOTO_SIDE, _PHOTO_BYTES = 1024, 60_000
_QUALITY = 80  # of the panels
_PRESETS: tuple[Preset, ...] = ("tiny", "balanced")

_INTRO = """# Gallery

Each picture comes first as a small gain-map JPEG, written by `gainmap resize`: on a screen with headroom, in a browser
that knows gain maps, it is HDR right here. The pictures below it are SDR, for every screen:

- the SDR picture that is in the file;
- the HDR picture, tone-mapped, to show what is in its highlights;
- how much brighter HDR is than SDR: black is no brighter, yellow the most;
- where the HDR picture of the neural gain map (`balanced`) differs from the original: black is no difference.

PQ-PSNR compares HDR pictures in decibels, and more is better ([What is measured](codec.md#what-is-measured)). The
original of a photo is what its own gain map shows. Everything on this page is written by one command, in a folder with
the photos of [Ultra_HDR_Samples](https://github.com/MishaalRahmanGH/Ultra_HDR_Samples):

    python -m gainmap_bench gallery Ultra_HDR_Samples_Originals_01.jpg Ultra_HDR_Samples_Originals_04.jpg
"""
_SCENE_CREDIT = "Picture: the scene of `gainmap demo`, drawn by this package."
_BY_MISHAAL_RAHMAN = (
    "Photo: Mishaal Rahman, [Ultra_HDR_Samples](https://github.com/MishaalRahmanGH/Ultra_HDR_Samples), "
    "[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/); made smaller here, and analysed."
)

_TITLES = {
    "Ultra_HDR_Samples_Originals_01": ("Clouds over a car park", _BY_MISHAAL_RAHMAN),
    "Ultra_HDR_Samples_Originals_04": ("A pond in a park", _BY_MISHAAL_RAHMAN),
}
"""Title and credit of every photo whose licence lets the documentation show it, by the file's name."""


@dataclass(frozen=True)
class Exhibit:
    """A picture of the gallery.

    Attributes:
        name: Of its files.
        title: Of its section.
        credit: Whose it is, and under which licence, in Markdown.
        hdr: A gain-map photo, or the HDR picture.
        sdr: Its SDR picture, uint8 (H, W, 3); None of a photo, which has one.
    """

    name: str
    title: str
    credit: str
    hdr: gm.HdrImage | Path
    sdr: NDArray[np.uint8] | None = None


def scene_exhibit(width: int = 1536, height: int = 1024) -> Exhibit:
    """The demonstration's scene with its SDR look."""
    light = render_scene(width, height)
    return Exhibit("scene", "A harbour at dusk", _SCENE_CREDIT, gm.HdrImage(light), grade_scene(light))


def photo_exhibit(path: Path) -> Exhibit:
    """A photo that may be shown.

    Raises:
        ValueError: No licence of it is known.
    """
    if path.stem not in _TITLES:
        raise ValueError(f"{path}: expected a photo whose licence is known, one of {', '.join(_TITLES)}")
    return Exhibit(path.stem.lower().replace("_", "-"), *_TITLES[path.stem], path)


def write_gallery(exhibits: Sequence[Exhibit], docs: Path) -> None:
    """Write gallery.md into `docs`, and its pictures into figures/gallery there."""
    folder = docs / "figures" / "gallery"
    folder.mkdir(parents=True, exist_ok=True)
    sections = [section(exhibit, folder) for exhibit in exhibits]
    write_atomically(docs / "gallery.md", "\n".join([_INTRO, *sections]).encode())


def section(exhibit: Exhibit, folder: Path) -> str:
    """Write the pictures of an exhibit; its part of the page."""
    reports = [gm.encode_with_report(exhibit.hdr, exhibit.sdr, preset=preset) for preset in _PRESETS]
    reference = exhibit.hdr if isinstance(exhibit.hdr, gm.HdrImage) else gm.decode(exhibit.hdr)
    photo = gm.resize(
        reports[-1].data, fit=(_PHOTO_SIDE,) * 2, preset="web", carry="standard", max_bytes=_PHOTO_BYTES, strip="all"
    )
    write_atomically(folder / f"{exhibit.name}.jpg", photo)
    figures = [_figure(exhibit, f"{exhibit.name}.jpg", "HDR, if your screen and browser can")]
    for kind, caption, pixels in _panels(reports[-1].data, reference):
        write_atomically(folder / f"{exhibit.name}-{kind}.jpg", _jpeg(pixels))
        figures.append(_figure(exhibit, f"{exhibit.name}-{kind}.jpg", caption))
    pictures = '<div class="pictures">\n\n' + "\n".join(figures) + "\n</div>"
    return "\n".join([f"## {exhibit.title}\n", pictures, "", *_table(exhibit, reports), "", exhibit.credit, ""])


def _figure(exhibit: Exhibit, name: str, caption: str) -> str:
    image = f"![{exhibit.title}: {caption}](figures/gallery/{name})"
    return f"<figure>\n\n{image}\n\n<figcaption>{caption}</figcaption></figure>\n"


def _panels(data: bytes, reference: gm.HdrImage) -> Iterator[tuple[str, str, Array]]:
    """Name, caption and sRGB values 0…1, float32 (h, w, 3), of each picture."""
    base = gm.decode(data, prefer="base").pixels
    neural = gm.decode(data, prefer="neural").pixels
    yield "sdr", "SDR", seen(small(base))
    mapped = gm.HdrImage(small(reference.pixels), headroom=reference.headroom).to_sdr()
    yield "tone-mapped", "HDR, tone-mapped to SDR", np.asarray(mapped, np.float32) / np.float32(255)
    gains = _gains(reference.pixels, base)
    most = spread(gains)[1]
    yield "gains", f"how much brighter HDR is, 0 to {most:.1f} stops", _colored(gains, most)
    errors = small(pq_errors(neural, reference.pixels))[..., 0]
    most = spread(errors)[1]
    yield "errors", f"errors of the neural map, 0 to {most:.0f} of the 1023 steps of 10-bit PQ", _colored(errors, most)


def _gains(hdr: Array, base: Array) -> Array:
    """log2 of the ratio of luminances, float32 (h, w), of averages."""
    bright, dark = (small(each) @ _LUMINANCE + _OFFSET for each in (hdr, base))
    return np.asarray(np.log2(bright / dark), np.float32)


def _colored(values: Array, most: float) -> Array:
    """Values 0…most as colours, float32 (h, w, 3)."""
    return np.asarray(matplotlib.colormaps["inferno"](np.clip(values / most, 0, 1))[..., :3], np.float32)


def _jpeg(values: Array) -> bytes:
    stream = BytesIO()
    Image.fromarray(np.rint(values * 255).astype(np.uint8)).save(stream, "JPEG", quality=_QUALITY, optimize=True)
    return stream.getvalue()


def _table(exhibit: Exhibit, reports: Sequence[gm.EncodeReport]) -> Iterator[str]:
    yield "| gain map | bytes | PQ-PSNR |"
    yield "| --- | --- | --- |"
    if isinstance(exhibit.hdr, Path):
        own = gm.inspect(exhibit.hdr).to_dict()["gain_map"]["bytes"]
        yield f"| the photo's own | {own:,} | the original |"
    yield f"| standard, made anew | {reports[-1].map_bytes:,} | {reports[-1].standard_psnr:.1f} dB |"
    for report in reports:
        yield f"| neural, `{report.preset}` | {report.payload_bytes:,} | {report.neural_psnr:.1f} dB |"
