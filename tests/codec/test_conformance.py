"""The conformance table: one row for each real file, and what others read from it.

Every row with a colour space is compared with the formula (tests/reference_decoder.py); judges are others' decoders.
Within two codes of 10-bit PQ on 99 % of the pixels is asked of everything that enlarges a map and decodes a base as we
do; where a row asks for less, its reason says what the judge does otherwise (docs/supported.md).
"""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import imagecodecs
import numpy as np
import pytest
import pyvips
from click.testing import CliRunner
from numpy.typing import NDArray

import gainmap_codec as gm
from gainmap_codec.cli.main import gainmap
from gainmap_codec.errors import Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.records import AppleMetadata, GainMapFile, GainMapMetadata
from gainmap_codec.pixels.color.light import ColorSpace, convert, pq_encode, srgb_decode
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.maps.gain_map import apply_gain_map
from gainmap_codec.pixels.raster.geometry import to_upright
from support import reference_decoder as reference

Spaces = tuple[ColorSpace, str, ColorSpace]
SRGB: Spaces = ("srgb", "srgb", "srgb")
P3: Spaces = ("display-p3", "srgb", "display-p3")
SRGB_PQ: Spaces = ("srgb", "pq", "srgb")
P3_PQ: Spaces = ("display-p3", "pq", "display-p3")
BT2020_PQ: Spaces = ("bt2020", "pq", "bt2020")


class Row(NamedTuple):
    """What a file must give.

    Attributes:
        outcome: What `decode` renders from, or its error.
        carrier: Of the metadata.
        headroom: Of the HDR rendition, stops.
        spaces: Primaries and curve of the base, primaries of the maths; None where no formula is compared.
        judge: Another decoder that reads such a file.
        share: Share of pixels that has to agree with the judge.
        reason: Why that is below 99 %.
        warning: Part of a warning that tells what is wrong with the file.
    """

    path: str
    outcome: str
    carrier: str = ""
    headroom: float = 0.0
    spaces: Spaces | None = None
    judge: str = ""
    share: float = 0.99
    reason: str = ""
    warning: str = ""


CHROMA = "libultrahdr repeats chroma samples of 4:2:0 and does not round RGB to 8 bits"
DARK = "libultrahdr does not round RGB to 8 bits, which shows in the darks"
HALF_PIXEL = "libvips places smaller maps half a pixel of the base to the right and down"
CLIPPED = "libultrahdr clips to 10 000 nits in sRGB, which changes the hue in BT.2020"

LIBAVIF, AWESOME, HDRIFY = "files/libavif/", "files/awesome-gain-maps/gain_mapped-", "files/hdrify/"
ANDROID, VEARUTOP = "files/android-platform-samples/", "files/vearutop-ultrahdr/"
NO_GROUP = "expected a group altr that prefers item 2"

ROWS = (
    # Phones and Android's samples: Ultra HDR XMP, one channel, a map of a quarter of the size.
    Row(ANDROID + "desert_sunset.jpg", "standard", "hdrgm", 3.529026, SRGB, "libvips"),
    Row(
        ANDROID + "fountain_night.jpg",
        "standard",
        "hdrgm",
        3.410813,
        SRGB,
        "libvips",
        0.98,
        HALF_PIXEL,
    ),
    Row(ANDROID + "lamps.jpg", "standard", "hdrgm", 2.990012, SRGB, "libvips", 0.98, HALF_PIXEL),
    Row(
        "files/ultra_hdr_samples/Ultra_HDR_Samples_Originals_01.jpg",
        "standard",
        "hdrgm",
        2.656715,
        P3,
        "libvips",
        0.98,
        HALF_PIXEL,
    ),
    Row("files/ultra_hdr_samples/Ultra_HDR_Samples_Originals_04.jpg", "standard", "hdrgm", 2.057993, P3, "libvips"),
    # Three channels with one set of numbers.
    Row(AWESOME + "procedural_art-square_flows_mona_lisa.jpg", "standard", "hdrgm", 2.58496, SRGB, "libultrahdr"),
    Row(AWESOME + "test_chart-color_01.jpg", "standard", "hdrgm", 2.58496, SRGB, "libultrahdr", 0.73, CHROMA),
    Row(AWESOME + "test_chart-color_02.jpg", "standard", "hdrgm", 2.58496, SRGB, "libultrahdr", 0.70, CHROMA),
    Row(AWESOME + "test_chart-gray_51.jpg", "standard", "hdrgm", 2.58496, SRGB, "libultrahdr"),
    Row(AWESOME + "test_chart-squares_b4_gm2.jpg", "standard", "hdrgm", 2.58496, SRGB, "libultrahdr"),
    Row(AWESOME + "text-sphinx_01.jpg", "standard", "hdrgm", 2.58496, SRGB, "libultrahdr"),
    Row(AWESOME + "visualization-3d_scatterplot.jpg", "standard", "hdrgm", 2.58496, SRGB, "libultrahdr", 0.89, CHROMA),
    Row(AWESOME + "visualization-matplotlib_gpx.jpg", "standard", "hdrgm", 2.58496, SRGB, "libultrahdr", 0.85, CHROMA),
    Row(
        HDRIFY + "hist-0f1b75ba-moonless_golf_1k.gainmap.jpg",
        "standard",
        "hdrgm",
        13.415037,
        SRGB,
        "libultrahdr",
        0.98,
        DARK,
    ),
    Row(
        HDRIFY + "hist-53b30955-memorial_ultrahdr_with_icc.jpg",
        "standard",
        "hdrgm",
        8.098032,
        SRGB,
        "libultrahdr",
        0.87,
        DARK,
        "MPF index leads to no gain map",
    ),
    Row(HDRIFY + "pedestrian_overpass_1k.jpg", "standard", "hdrgm", 16.857396, SRGB, "libultrahdr"),
    Row(HDRIFY + "reference_cie.jpg", "standard", "hdrgm", 10.233419, SRGB, "libultrahdr", 0.97, CLIPPED),
    # Adobe XMP: no GContainer, lists (rdf:Seq), MPF in both byte orders. libultrahdr and libvips want attributes.
    Row(LIBAVIF + "seine_sdr_gainmap_srgb.jpg", "standard", "hdrgm", 1.3, SRGB, "seine_hdr"),
    Row(LIBAVIF + "seine_sdr_different_gainmap_srgb.jpg", "standard", "hdrgm", 1.3, SRGB),
    Row(LIBAVIF + "paris_exif_xmp_gainmap_bigendian.jpg", "standard", "hdrgm", 3.5, SRGB),
    Row(LIBAVIF + "paris_exif_xmp_gainmap_littleendian.jpg", "standard", "hdrgm", 3.5, SRGB),
    Row(LIBAVIF + "paris_exif_xmp_icc_gainmap_bigendian.jpg", "standard", "hdrgm", 3.5, P3),
    # ISO 21496-1 in JPEG.
    Row("files/gainmapstego/sample.jpg", "standard", "iso21496", 0.99, SRGB, "libultrahdr", 0.98, DARK),
    Row(
        "files/hdr-canvas/red-ultrahdr.jpeg",
        "standard",
        "iso21496",
        2.3005,
        ("srgb", "srgb", "bt2020"),
        "libultrahdr in BT.2020",
    ),
    Row("files/hdr-gainmap/output_uhdr_1.jpg", "standard", "iso21496", 3.79363, P3, "libultrahdr", 0.95, DARK),
    Row("files/hdr-gainmap/output_uhdr_2.jpg", "standard", "iso21496", 2.16499, P3, "libultrahdr", 0.95, DARK),
    Row("files/hdr-gainmap/output_uhdr_3.jpg", "standard", "iso21496", 1.97555, P3, "libultrahdr", 0.98, DARK),
    Row(
        "files/sdwebimage/TestHDR.jpeg",
        "standard",
        "iso21496",
        4.0,
        SRGB,
        "libultrahdr",
        0.62,
        CHROMA,
        "MPF index leads to no gain map",
    ),
    Row(VEARUTOP + "s01.vipsth.jpg", "standard", "iso21496", 2.656715, P3, "libvips", 0.93, HALF_PIXEL),
    Row(VEARUTOP + "small_uhdr.jpg", "standard", "iso21496", 3.948, SRGB, "libultrahdr", 0.91, CHROMA),
    Row(VEARUTOP + "uhdr.vips_thumb.jpg", "standard", "iso21496", 3.948, SRGB, "libultrahdr", 0.96, CHROMA),
    # Apple. libultrahdr and libvips are wrong about these: headroom taken for log2, and ISO's formula (test_apple.py).
    Row(LIBAVIF + "apple_gainmap_new.jpg", "standard", "apple", 2.180397, P3),
    Row(LIBAVIF + "apple_gainmap_old.jpg", "standard", "apple", 3.0, P3),
    Row("files/pillow/frame_size.mpo", "standard", "apple", 1.8, P3),
    Row("files/gainmap-audit/apple_hdr_sample.heic", "standard", "apple", 2.881857, P3),
    Row("files/sdwebimage/TestHDR1-portrait.heic", "standard", "apple", 2.831264, P3),
    Row("files/crabbyavif/yuv420_image_with_yuv400_gainmap.heic", "standard", "iso21496", 1.69043, P3),
    # AVIF with a tmap item; no other decoder that Python can call reads the maps.
    Row("files/crabbyavif/gainmap_oriented.avif", "standard", "iso21496", 3.0, SRGB),
    Row("files/crabbyavif/tmap_primary_item.avif", "standard", "iso21496", 3.0, SRGB_PQ),
    Row(
        LIBAVIF + "color_grid_alpha_grid_gainmap_nogrid.avif",
        "standard",
        "iso21496",
        3.0,
        SRGB_PQ,
        warning="another aspect ratio",
    ),
    Row(
        LIBAVIF + "color_grid_gainmap_different_grid.avif",
        "standard",
        "iso21496",
        3.0,
        SRGB_PQ,
        warning="another aspect ratio",
    ),
    Row(
        LIBAVIF + "color_nogrid_alpha_nogrid_gainmap_grid.avif",
        "standard",
        "iso21496",
        3.0,
        SRGB_PQ,
        warning="another aspect ratio",
    ),
    Row(LIBAVIF + "seine_hdr_gainmap_small_srgb.avif", "standard", "iso21496", 1.3, SRGB_PQ),
    Row(LIBAVIF + "seine_hdr_gainmap_srgb.avif", "standard", "iso21496", 1.3, SRGB_PQ),
    Row(LIBAVIF + "seine_sdr_gainmap_big_srgb.avif", "standard", "iso21496", 1.3, SRGB),
    Row(LIBAVIF + "seine_sdr_gainmap_srgb.avif", "standard", "iso21496", 1.3, SRGB, "seine_hdr"),
    Row(LIBAVIF + "seine_sdr_gainmap_srgb_icc.avif", "standard", "iso21496", 1.3, SRGB, "seine_hdr"),
    Row(LIBAVIF + "unsupported_gainmap_writer_version_with_extra_bytes.avif", "standard", "iso21496", 3.0, SRGB_PQ),
    # Maps that a reader must not use, as libavif's own tests want it.
    Row(LIBAVIF + "seine_hdr_gainmap_wrongaltr.avif", "base", "", 1.22, SRGB_PQ, warning=NO_GROUP),
    Row(LIBAVIF + "seine_sdr_gainmap_gammazero.avif", "base", spaces=SRGB, warning="gamma[0]: expected more than 0"),
    Row(LIBAVIF + "seine_sdr_gainmap_notmapbrand.avif", "base", spaces=SRGB, warning="expected the brand tmap"),
    Row(
        LIBAVIF + "supported_gainmap_writer_version_with_extra_bytes.avif",
        "base",
        "",
        5.49,
        SRGB_PQ,
        warning="expected the end behind the last field, got 4 bytes",
    ),
    Row(
        LIBAVIF + "unsupported_gainmap_minimum_version.avif",
        "base",
        "",
        5.49,
        SRGB_PQ,
        warning="minimum_version 0, got 99",
    ),
    Row(LIBAVIF + "unsupported_gainmap_version.avif", "base", "", 5.49, SRGB_PQ, warning="expected version 0, got 99"),
    # Auxiliary maps of Adobe's and Apple's draft, 10 bits, over an HDR base.
    Row(LIBAVIF + "seine_hdr_srgb.avif", "standard", "hdrgm", 1.3, SRGB_PQ, "seine_sdr"),
    Row(LIBAVIF + "colors_hdr_p3.avif", "standard", "hdrgm", 1.2, P3_PQ),
    Row(LIBAVIF + "colors_hdr_rec2020.avif", "standard", "hdrgm", 1.2, BT2020_PQ),
    Row(LIBAVIF + "colors_hdr_srgb.avif", "standard", "hdrgm", 1.3, SRGB_PQ),
    Row(LIBAVIF + "colors_text_hdr_p3.avif", "standard", "hdrgm", 1.2, P3_PQ),
    Row(LIBAVIF + "colors_text_hdr_rec2020.avif", "standard", "hdrgm", 1.2, BT2020_PQ),
    Row(LIBAVIF + "colors_text_hdr_srgb.avif", "standard", "hdrgm", 1.3, SRGB_PQ),
    Row(LIBAVIF + "colors_text_wcg_hdr_rec2020.avif", "standard", "hdrgm", 1.3, BT2020_PQ),
    # No gain map.
    Row(LIBAVIF + "paris_exif_xmp_icc.jpg", "base", spaces=SRGB),
    Row(LIBAVIF + "colors_sdr_srgb.avif", "base", spaces=SRGB),
    Row(LIBAVIF + "paris_icc_exif_xmp.avif", "base", spaces=SRGB),
    Row("files/gainmap-js/plain-jpeg.jpg", "base", spaces=SRGB),
    Row(VEARUTOP + "sample_prophoto_rgb.jpg", "base"),
    Row(VEARUTOP + "sample_rec_2020.jpg", "base"),
    Row("files/ultrajpeg/sample-ultrahdr.jpg", "base", spaces=SRGB, warning="none was found"),
    Row("files/pillow_heif/truncated.heic", "base", spaces=SRGB, warning="the file is cut off"),
    Row("pairs/hdr-gainmap/input_sdr.jpg", "base", spaces=P3),
    Row("pairs/hdr-gainmap/input_sdr_2ev.jpg", "base", spaces=P3),
    Row("pairs/hdr-gainmap/input_hdr.avif", "base", "", 3.2318, P3_PQ),
    # Broken, or no picture.
    Row("files/pillow_heif/corrupted.heic", "FormatError", warning="expected a box meta"),
    Row("files/gainmap-js/invalid_image.png", "FormatError", warning="expected a JPEG, HEIC, AVIF or JPEG XL file"),
    # HDR pictures: `inspect` and `encode` take them.
    Row("pairs/openexr-images/CandleGlass.exr", "picture", judge="OpenImageIO"),
    Row("pairs/openexr-images/Desk.exr", "picture", judge="OpenImageIO"),
    Row("pairs/openexr-images/GoldenGate.exr", "picture", judge="OpenImageIO"),
    Row("pairs/openexr-images/MtTamWest.exr", "picture", judge="OpenImageIO"),
    Row("pairs/openexr-images/StillLife.exr", "picture", judge="OpenImageIO"),
    Row("pairs/openexr-images/Tree.exr", "picture", judge="OpenImageIO"),
    Row("pairs/colorvideovdp/nancy_church.hdr", "picture", judge="OpenImageIO"),
)
BY_PATH = {row.path: row for row in ROWS}
GAIN_MAP_ROWS = [row for row in ROWS if row.carrier]
PICTURES = [row for row in ROWS if row.outcome == "picture"]
FILES = [row for row in ROWS if row.outcome not in ("picture", "FormatError")]


def ids(rows: list[Row]) -> list[str]:
    return [Path(row.path).name for row in rows]


@cache
def manifest(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "MANIFEST.tsv").open(encoding="utf-8") as file:
        return {row["path"]: row for row in csv.DictReader(file, delimiter="\t")}


def decode(data: bytes, **options: Any) -> gm.HdrImage:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.GainMapWarning)
        return gm.decode(data, **options)


def share(ours: NDArray[np.floating], theirs: NDArray[np.floating]) -> float:
    """Share of pixels within two codes, of codes of 10 bits."""
    return float((np.abs(ours - theirs).max(axis=2) <= 2).mean())


def test_one_row_a_file(data_dir: Path) -> None:
    assert len(ROWS) == len(BY_PATH)
    assert set(BY_PATH) == set(manifest(data_dir))


@pytest.mark.parametrize("row", FILES, ids=ids(FILES))
def test_pixels_are_those_of_the_formula(data_dir: Path, row: Row) -> None:
    """At full headroom, on an SDR display, and between them; 256 rows of large pictures."""
    data = (data_dir / row.path).read_bytes()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        image = gm.decode(data, orientation="stored")
    texts = [str(warning.message) for warning in caught]
    assert any(row.warning in text for text in texts) if row.warning else not texts
    assert image.rendered_from == row.outcome
    assert image.headroom == pytest.approx(row.headroom, abs=0.005)
    if row.spaces is None:
        return
    file = parse_file(data, row.path, Limits())
    base = reference.base_planes(data, file)
    gain_map = reference.map_planes(data, file, file.gain_map) if file.gain_map else None
    rows = slice(base.shape[0] // 3, base.shape[0] // 3 + 256)
    for headroom in (99.0, 0.0, 1.0):
        shown = image if headroom == 99 else decode(data, orientation="stored", headroom=headroom)
        wanted = reference.render(base, gain_map, file.gain_map, row.spaces, headroom, rows)
        ours = shown.pixels[rows].astype(np.float64)
        assert share(reference.pq_codes(ours), reference.pq_codes(wanted)) >= 0.99, headroom


@pytest.mark.parametrize("row", GAIN_MAP_ROWS, ids=ids(GAIN_MAP_ROWS))
def test_metadata_are_those_that_another_tool_printed(data_dir: Path, row: Row) -> None:
    printed = manifest(data_dir)[row.path]
    file = parse_file((data_dir / row.path).read_bytes(), row.path, Limits())
    assert file.gain_map is not None
    assert file.gain_map.carrier == row.carrier
    image = file.gain_map.image
    size = f"{image.width}x{image.height}", f"{file.base.width}x{file.base.height}", str(file.base.bits)
    assert sorted(size[0].split("x")) == sorted(printed["gainmap_wxh"].split("x"))
    assert sorted(size[1].split("x")) == sorted(printed["base_wxh"].split("x"))
    assert size[2] == printed["base_bits"]
    assert str(image.channels) == printed["gainmap_channels"]
    check_numbers(file, printed["metadata"])


def check_numbers(file: GainMapFile, printed: str) -> None:
    """MANIFEST.tsv prints three digits of some numbers, and "-" where a file leaves the default."""
    assert file.gain_map is not None
    metadata = file.gain_map.metadata
    found = dict(re.findall(r"(\w+)=(\[[^\]]*\]|\S+)", printed))
    if isinstance(metadata, AppleMetadata):
        assert str(metadata.version) == found["ver"]
        assert metadata.source == ("maker-note" if found["headroom"] == "(makernote)" else "xmp")
        if metadata.source == "xmp":
            assert metadata.headroom == float(found["headroom"])
        return
    names = {"min": "gain_map_min", "max": "gain_map_max", "gamma": "gamma"}
    for name in names.keys() & found.keys():
        wanted = [float(x) for x in re.split(r"[,/]", found[name].strip("[]")) if x != "-"]
        numbers = [float(getattr(channel, names[name])) for channel in metadata.channels]
        numbers = numbers if len(wanted) == len(numbers) else [numbers[0]] * len(wanted)
        assert numbers == pytest.approx(wanted, rel=5e-3, abs=5e-4), name
    check_headrooms(metadata, found)


def check_headrooms(metadata: GainMapMetadata, found: dict[str, str]) -> None:
    stored = [float(metadata.base_hdr_headroom), float(metadata.alternate_hdr_headroom)]
    if "useBase" in found:
        assert metadata.use_base_colour_space == (found["useBase"] == "1")
        assert stored == pytest.approx([float(found["base"]), float(found["alt"])], rel=5e-3, abs=5e-4)
    elif "cap" in found:
        assert stored == pytest.approx([float(x) for x in found["cap"].split("..")], rel=1e-5)


def libultrahdr(data: bytes) -> NDArray[np.floating]:
    return np.asarray(imagecodecs.ultrahdr_decode(data)[..., :3], np.float32)


def libvips(data: bytes) -> NDArray[np.floating]:
    return np.asarray(pyvips.Image.uhdrload_buffer(data).uhdr2scRGB().numpy(), np.float32)[..., :3]


JUDGES: dict[str, Callable[[bytes], NDArray[np.floating]]] = {
    "libultrahdr": libultrahdr,
    "libultrahdr in BT.2020": libultrahdr,
    "libvips": libvips,
}
JUDGED = [row for row in ROWS if row.judge in JUDGES]


@pytest.mark.parametrize("row", JUDGED, ids=ids(JUDGED))
def test_other_decoders_see_the_same(data_dir: Path, row: Row) -> None:
    assert (row.share >= 0.99) == (row.reason == "")
    data = (data_dir / row.path).read_bytes()
    assert row.spaces is not None
    space: ColorSpace = "bt2020" if row.judge.endswith("BT.2020") else row.spaces[0]
    ours, theirs = decode(data, orientation="stored").pixels, JUDGES[row.judge](data)
    assert ours.shape == theirs.shape
    rows = slice(None, None, 5 if len(ours) > 2000 else 1)  # maps and chroma repeat by other numbers
    codes = pq_encode(ours[rows]) * 1023, pq_encode(convert(theirs[rows], space, "bt2020")) * 1023
    assert share(*codes) >= row.share


ROUNDED = [row for row in ROWS if row.reason == DARK and "gainmapstego" not in row.path]


@pytest.mark.parametrize("row", ROUNDED, ids=ids(ROUNDED))
def test_libultrahdr_differs_by_rounding_alone(data_dir: Path, row: Row) -> None:
    """Bases of 4:4:4, whose RGB is left unrounded as libultrahdr leaves it. (For gainmapstego this gives 98.96 %.)"""
    data = (data_dir / row.path).read_bytes()
    file = parse_file(data, row.path, Limits())
    assert row.spaces is not None and file.gain_map is not None
    luma, cb, cr = np.moveaxis(imagecodecs.jpeg8_decode(file.base.data, outcolorspace="YCBCR").astype(np.float32), 2, 0)
    cb, cr = cb - 128, cr - 128
    rgb = np.stack([luma + 1.402 * cr, luma - 0.344136 * cb - 0.714136 * cr, luma + 1.772 * cb], axis=2) / 255
    linear = srgb_decode(np.clip(rgb, 0, 1))
    assert isinstance(file.gain_map.metadata, GainMapMetadata)
    ours = apply_gain_map(linear, decode_coded_image(file.gain_map.image), file.gain_map.metadata, headroom=99)
    codes = (pq_encode(convert(pixels, row.spaces[0], "bt2020")) * 1023 for pixels in (ours, libultrahdr(data)))
    assert share(*codes) >= 0.99


@pytest.mark.parametrize("row", [row for row in ROWS if row.judge.startswith("seine")], ids=lambda row: row.path)
def test_the_other_rendition_is_the_file_that_holds_it(data_dir: Path, row: Row) -> None:
    """One picture, coded as SDR with a map to HDR and the reverse: each map leads to the other file's base."""
    other = LIBAVIF + ("seine_hdr_gainmap_srgb.avif" if row.judge == "seine_hdr" else "seine_sdr_gainmap_srgb.avif")
    headroom = None if row.judge == "seine_hdr" else 0.0
    made = decode((data_dir / row.path).read_bytes(), headroom=headroom).pixels
    coded = decode((data_dir / other).read_bytes(), prefer="base").pixels
    stops = np.log2((made.mean(axis=2) + 0.01) / (coded.mean(axis=2) + 0.01))
    assert abs(float(stops.mean())) < 0.005
    assert float(np.abs(stops).mean()) < 0.075  # bases and maps were coded with loss: two bases differ by 0.02 already


@pytest.mark.parametrize("row", PICTURES, ids=ids(PICTURES))
def test_hdr_pictures_are_those_of_openimageio(data_dir: Path, row: Row) -> None:
    oiio = pytest.importorskip("OpenImageIO")
    from gainmap_codec.pixels.formats.hdr_files import read_hdr

    path = data_dir / row.path
    ours = read_hdr(path)
    theirs = oiio.ImageBuf(str(path)).get_pixels(oiio.FLOAT)[..., :3]
    assert ours.pixels.shape == theirs.shape
    if oiio.ImageBuf(str(path)).spec().getattribute("chromaticities"):  # ours are converted, theirs are not
        grey = ours.pixels.mean(axis=2).ravel(), theirs.mean(axis=2).ravel()
        assert np.corrcoef(*grey)[0, 1] > 0.999
    else:
        error = np.abs(ours.convert("srgb").pixels - theirs)
        assert (error <= 1e-3 * (np.abs(theirs) + 1)).all()


@pytest.mark.parametrize("row", [row for row in ROWS if row.outcome == "FormatError"], ids=lambda row: row.path)
def test_broken_files(data_dir: Path, row: Row) -> None:
    with pytest.raises(gm.FormatError, match=row.warning):
        gm.decode(data_dir / row.path)


@pytest.mark.parametrize("row", ROWS, ids=ids(list(ROWS)))
def test_inspect_is_a_screen(data_dir: Path, row: Row) -> None:
    result = CliRunner().invoke(gainmap, ["inspect", str(data_dir / row.path)])
    if row.outcome == "FormatError":
        assert isinstance(result.exception, gm.FormatError)
        return
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert 2 <= len(lines) <= 30  # of which eight tell who shows it
    assert all(0 < len(line) <= 150 for line in lines if line)
    assert lines[1].startswith(("HDR comes from ", "No HDR: "))
    is_hdr = row.outcome in ("standard", "picture") or row.headroom > 0  # a base may be HDR by itself
    assert any("nits" in line for line in lines) == is_hdr


def test_turned_files_come_out_upright(data_dir: Path) -> None:
    for path in ("files/crabbyavif/gainmap_oriented.avif", "files/crabbyavif/yuv420_image_with_yuv400_gainmap.heic"):
        data = (data_dir / path).read_bytes()
        turn = parse_file(data, path, Limits()).orientation
        stored, upright = (decode(data, orientation=kind).pixels for kind in ("stored", "upright"))
        assert turn != 1
        assert upright.shape[:2] == stored.shape[1::-1]
        np.testing.assert_allclose(upright, to_upright(stored, turn), rtol=1e-5)
