"""The library on one page: what each verb takes, gives, raises and warns of. The work is done in `codec/` and `edit/`.

A verb makes its options, which are checked there, calls what does the work, and warns once of what that tells.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.codec import encoding
from gainmap_codec.codec.decoding import decode_with_notes, read_any
from gainmap_codec.codec.decoding_many import decode_in_order
from gainmap_codec.codec.encoding import EncodeReport, Progress
from gainmap_codec.codec.inspection import Inspection, inspect_source
from gainmap_codec.codec.options import (
    DEFAULT_EFFORT,
    AnyPreset,
    AssembleOptions,
    Auto,
    Base,
    Carry,
    DecodeOptions,
    EncodeOptions,
    FloatType,
    KindOfBase,
    Orientation,
    Prefer,
    Region,
    Strip,
    SwapOptions,
    TranscodeOptions,
)
from gainmap_codec.codec.pairing import HdrSource, SdrSource
from gainmap_codec.edit.assemble import Picture, assemble_with_report
from gainmap_codec.edit.extract import Parts, extract_parts
from gainmap_codec.edit.swap import swap_with_report
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.edit.turn import FlipAxis, flip_with_report, rotate_with_report
from gainmap_codec.errors import GainMapWarning, Limits, printable
from gainmap_codec.files.records import AppleMetadata, Container, GainMapMetadata
from gainmap_codec.pixels.color.light import ColorSpace
from gainmap_codec.pixels.exif_tags import Exif
from gainmap_codec.pixels.formats.coded_image import Chroma
from gainmap_codec.pixels.formats.notebook import mime_bundle
from gainmap_codec.pixels.formats.saving import write_hdr
from gainmap_codec.pixels.formats.sources import Source, check_several
from gainmap_codec.pixels.hdr_image import HdrImage, hand_in

hand_in(reader=read_any, writer=write_hdr, mime_bundle=mime_bundle)


def encode(
    hdr: HdrSource,
    sdr: SdrSource | None = None,
    *,
    container: Container = "jpeg",
    carry: Carry | None = None,
    preset: AnyPreset = "balanced",
    target_bytes: int | None = None,
    target_psnr: float | None = None,
    quality: int | None = None,
    base: Base = "sdr",
    base_bits: int | None = None,
    base_chroma: Chroma | None = None,
    base_color_space: ColorSpace = "srgb",
    sdr_white: float | None = None,
    speed: int | None = None,
    map_scale: int | Auto = "auto",
    map_quality: int | Auto = "auto",
    map_channels: int | Auto = "auto",
    map_bits: int | Auto = "auto",
    exif: Exif | None = None,
    xmp: bytes | None = None,
    icc_profile: bytes | None = None,
    strip: Strip | None = None,
    device: str = "auto",
    seed: int = 0,
    effort: int = DEFAULT_EFFORT,
    limits: Limits = Limits(),
) -> bytes:
    """Encode an SDR/HDR pair to a gain-map file.

    Args:
        hdr: The HDR rendition: an `HdrImage`; an array or torch tensor (H, W, 3), floating point, linear, 1.0 = SDR
            white = 203 nits, sRGB primaries; or a path, bytes or binary file of OpenEXR, Radiance, npy, 16-bit TIFF
            (BT.2020 PQ), 16-bit PQ PNG, JPEG XR (screenshots), PQ or HLG HEIC, AVIF or JPEG XL, or of a JPEG, HEIC,
            AVIF or JPEG XL with a gain map, which without `sdr` brings its own base.
        sdr: The SDR rendition, of the same size: a file of the container (path, bytes, binary file), whose codestream
            becomes the base bit for bit unless `quality` or `base_bits` ask for a new one; any other picture file; a
            Pillow image; an array or torch tensor (H, W, 3), sRGB, uint8 or uint16 (0…65535); None tone-maps `hdr`. Its
            orientation holds for the file, and `hdr` is upright. Arrays of grey, (H, W), are spread over R, G and B,
            and alpha is dropped with a warning, here and in `hdr`.
        container: Kind of file. "heic" holds HEVC, "avif" AV1 pictures; "jxl" holds JPEG XL pictures, or the JPEG
            given as `sdr`, packed without loss.
        carry: Which gain maps to write: "standard", "neural" or "both", of which readers that know only the standard
            show correct HDR; or "apple", one of Apple's own kind alone, in JPEG and HEIC, for iPhones before iOS 18,
            which has one channel, at half the side unless `map_scale` is a number. None is "both"; an HDR base has
            "standard" alone, for neural ones lead up from SDR.
        preset: Kind of neural gain map. "tiny", "balanced" and "best" differ in how many bytes a decibel may cost;
            "paper-gain" and "paper-gamma" are the networks of Gain-MLP. "auto" is "balanced", or the standard gain map
            alone where that is worth more for its bytes; it then warns. "web" and "archive" are for the whole photo, as
            in `transcode`: "web" codes every base anew, "archive" keeps one that can be kept; their neural gain maps
            are "tiny" and "best". Arguments given beside them win.
        target_bytes: Size of the neural payload to keep within.
        target_psnr: PQ-PSNR in dB for the neural gain map to reach, in as few bytes as that takes, against the HDR
            picture that is handed in. A missed target warns.
        quality: Quality of the base, 1…100 as its encoder counts; None keeps a file of the container as it is and codes
            other bases at 92 in JPEG, 65 in HEIC, 85 in AVIF and 95 in JPEG XL, which look alike.
        base: Which picture every reader gets: "sdr", with gain maps up to HDR; or, in HEIC, AVIF and JPEG XL, the HDR
            one, "hdr" in PQ, "hlg" in HLG, which ends at 1000 nits: BT.2020 of 10 bits, upright, with a standard gain
            map down to SDR (ISO 21496-1). Readers need no map then for HDR; those that know it show the SDR picture on
            SDR displays; those that know neither PQ nor maps show a pale one. Now it is `hdr` that stays bit for bit
            where it is a file of the container with that curve; without `sdr`, a photo brings its own SDR picture.
        base_bits: Depth of the base's code values: 8, or 10 in HEIC, AVIF and JPEG XL; None is that of a picture of
            these formats that is given, else 8, and 10 of an HDR base.
        base_chroma: Of the base, which is coded anew for it; None keeps one that can stay, and is "4:4:4" or the
            preset's where it has to be coded. "4:2:0" is smaller, and in HEIC and AVIF what phones write and decode in
            hardware; it blurs the edges of colours. JPEG XL has 4:4:4 alone, and a warning.
        base_color_space: "srgb" or "display-p3", of a tone-mapped SDR picture.
        sdr_white: How bright SDR white is in `hdr`, in nits, 1…10 000: as bright as that is 1.0 then. None is 203, as
            ITU-R BT.2408 has it. Screenshots of Windows have what its "SDR content brightness" was set to: 80 nits at
            0, 480 at 100. Not for photos with a gain map, whose SDR white is that of their SDR picture.
        speed: Of coding HEIC, AVIF and JPEG XL, 0 (smallest) … 10 (quickest); None is 8. The same quality takes more
            bytes the quicker it is coded (docs/performance.md).
        map_scale: Base pixels per pixel of the standard gain map along a side, 1…128. "auto" tries maps on a part of
            the picture, as they are shown by bilinear readers and by Android's, and takes what is worth its bytes.
        map_quality: Quality of the standard gain map, 1…100, or "auto", likewise.
        map_channels: 1 or 3, of the standard gain map. "auto" takes one where that shows the colours that three would:
            it costs at most 0.5 dB of PQ-PSNR, or 0.2 of mean dE_ITP.
        map_bits: 8, 10 or 12, depth of the standard gain map: 8 in JPEG, 12 not in HEIC. "auto" takes 10 where 8 would
            show bands, which is where the gains span more than three or four stops and the picture is smooth, else 8;
            in AVIF the depth of the base, as Chromium needs it.
        exif: EXIF to write: a TIFF structure; a dictionary, by names, ``{"Artist": "…", "FNumber": 2.8}``, or as piexif
            has it, ``{"0th": {315: "…"}, "GPS": {…}}``; or Pillow's `Image.Exif`. None takes that of `sdr`, or else of
            `hdr`; b"" writes none.
        xmp: XMP packet to write; likewise.
        icc_profile: Profile to write, which changes what the base's code values mean; None takes that of `sdr`.
        strip: "gps" leaves out where the picture was taken, "all" everything but what the pictures need; see
            `transcode`.
        device: Torch device to fit the published networks on: "cpu", "cuda", "cuda:N"; "auto" is the CPU, where all
            others are fitted.
        seed: Of the fit: the same input and seed give the same bytes on the same platform and device.
        effort: Of the fit, 1 (quickest) … 9 (best), repeatable each; see docs/codec.md, "Effort".
        limits: Budgets for what the files may ask for.
    Returns:
        The file.
    Raises:
        ValueError, TypeError: An argument is out of its range or of another type, or the renditions differ in size.
        MissingDependencyError: torch is not installed, and a published network is to be fitted.
        GainMapError: A file is broken, not supported, or has no HDR.
        OSError: A path cannot be read.
    Warns:
        GainMapWarning: Something was lost, or a target missed; one channel that was asked for costs over 3 dB.
    """
    report = encode_with_report(
        hdr,
        sdr,
        container=container,
        carry=carry,
        preset=preset,
        target_bytes=target_bytes,
        target_psnr=target_psnr,
        quality=quality,
        base=base,
        base_bits=base_bits,
        base_chroma=base_chroma,
        base_color_space=base_color_space,
        sdr_white=sdr_white,
        speed=speed,
        map_scale=map_scale,
        map_quality=map_quality,
        map_channels=map_channels,
        map_bits=map_bits,
        exif=exif,
        xmp=xmp,
        icc_profile=icc_profile,
        strip=strip,
        device=device,
        seed=seed,
        effort=effort,
        limits=limits,
    )
    _warn(report.warnings)
    return report.data


def encode_with_report(
    hdr: HdrSource,
    sdr: SdrSource | None = None,
    *,
    container: Container = "jpeg",
    carry: Carry | None = None,
    preset: AnyPreset = "balanced",
    target_bytes: int | None = None,
    target_psnr: float | None = None,
    quality: int | None = None,
    base: Base = "sdr",
    base_bits: int | None = None,
    base_chroma: Chroma | None = None,
    base_color_space: ColorSpace = "srgb",
    sdr_white: float | None = None,
    speed: int | None = None,
    map_scale: int | Auto = "auto",
    map_quality: int | Auto = "auto",
    map_channels: int | Auto = "auto",
    map_bits: int | Auto = "auto",
    exif: Exif | None = None,
    xmp: bytes | None = None,
    icc_profile: bytes | None = None,
    strip: Strip | None = None,
    device: str = "auto",
    seed: int = 0,
    effort: int = DEFAULT_EFFORT,
    limits: Limits = Limits(),
    progress: Progress | None = None,
) -> EncodeReport:
    """As `encode`, with what the file and its gain maps are worth; nothing is warned of.

    It takes what `encode` takes, and raises what that raises.

    Args:
        progress: Called with the share of the work that is done, 0…1.
    Returns:
        The file, as its `data`, and what `encode` warns of, as its `warnings`.
    """
    options = EncodeOptions(
        container=container,
        carry=carry,
        preset=preset,
        target_bytes=target_bytes,
        target_psnr=target_psnr,
        quality=quality,
        base=base,
        base_bits=base_bits,
        base_chroma=base_chroma,
        base_color_space=base_color_space,
        sdr_white=sdr_white,
        speed=speed,
        map_scale=map_scale,
        map_quality=map_quality,
        map_channels=map_channels,
        map_bits=map_bits,
        exif=exif,
        xmp=xmp,
        icc_profile=icc_profile,
        strip=strip,
        device=device,
        seed=seed,
        effort=effort,
        limits=limits,
    )
    return encoding.encode_with_report(hdr, sdr, options, progress=progress)


def decode(
    source: Source,
    *,
    headroom: float | None = None,
    prefer: Prefer = "auto",
    color_space: ColorSpace = "bt2020",
    orientation: Orientation = "upright",
    region: Region | None = None,
    dtype: FloatType = "float32",
    out: NDArray[np.float32] | NDArray[np.float16] | None = None,
    strip: Strip | None = None,
    device: str = "auto",
    limits: Limits = Limits(),
) -> HdrImage:
    """Decode the HDR rendition of a gain-map file: JPEG, HEIC, AVIF or JPEG XL.

    Args:
        source: A path, bytes or a binary file.
        headroom: Headroom of the display to render for, log2 (stops), >= 0; None gives the rendition with the larger
            headroom.
        prefer: What to render from. "auto" takes the better of the gain maps that are valid; what cannot be had falls
            back to the next, at last to the base.
        color_space: Primaries of the result.
        orientation: "upright" turns the picture as its EXIF orientation, or irot and imir, say; "stored" leaves it.
        region: x, y, width and height of the part that is wanted, in pixels of the result; None is all of it. Only as
            much is made in floating point; the base is decoded whole.
        dtype: Of the pixels: "float16" takes half the memory; what is above 65 504 becomes infinite and is refused.
        out: Where to put the pixels, (height, width, 3) of that type; None makes an array.
        strip: Of what the file says beside its pixels: "gps" leaves out where it was taken, "all" everything.
        device: Where a neural gain map is rendered: "cpu" by NumPy; "cuda" or "cuda:N" by torch, with Triton's kernel
            where that is installed (extra "gpu"); "auto" is the CPU, which needs no torch, unless torch is already
            imported and has CUDA.
        limits: Budgets for what the file may ask for.
    Returns:
        The picture; its `rendered_from` and `warnings` tell how it came about.
    Raises:
        GainMapError: The base itself is broken, not supported or over the limits.
        ValueError: An argument is out of its range, or CUDA is asked for where there is none.
        OSError: The path cannot be read.
    Warns:
        GainMapWarning: Each of the result's `warnings`.
    """
    options = DecodeOptions(
        headroom=headroom,
        prefer=prefer,
        color_space=color_space,
        orientation=orientation,
        region=region,
        dtype=dtype,
        out=out,
        strip=strip,
        device=device,
        limits=limits,
    )
    image = decode_with_notes(source, options)
    _warn(image.warnings)
    return image


def decode_many(
    sources: Iterable[Source],
    *,
    headroom: float | None = None,
    prefer: Prefer = "auto",
    color_space: ColorSpace = "bt2020",
    orientation: Orientation = "upright",
    region: Region | None = None,
    dtype: FloatType = "float32",
    strip: Strip | None = None,
    device: str = "auto",
    limits: Limits = Limits(),
    workers: int | None = None,
) -> Iterator[HdrImage | Exception]:
    """Decode photos one after the other; threads work ahead, on CUDA with a stream each.

    Files are read and bases decoded while other photos are rendered; on CUDA, uploads, kernels and downloads overlap.
    Memory holds at most `workers` + 1 photos that the caller has not let go of, whatever their number.

    Args:
        sources: Paths, bytes or binary files; taken as they are needed.
        headroom, prefer, color_space, orientation, region, dtype, strip, device, limits: As in `decode`.
        workers: Threads; None is as many as there are processors, up to four.
    Returns:
        For each source, in their order, the picture, or the exception that `decode` would have raised: a photo that
        cannot be decoded does not stop the others. Nothing is warned of: a picture's `warnings` tell.
    Raises:
        ValueError: An option is out of its range, or CUDA is not there; at once, before anything is read.
        TypeError: `sources` is one path or one file's bytes.
    """
    check_several(sources)
    if workers is not None and workers < 1:
        raise ValueError(f"workers: expected at least 1, got {workers}")
    options = DecodeOptions(
        headroom=headroom,
        prefer=prefer,
        color_space=color_space,
        orientation=orientation,
        region=region,
        dtype=dtype,
        strip=strip,
        device=device,
        limits=limits,
    )
    return decode_in_order(sources, options, workers)


def inspect(source: Source, *, brightness: bool = False, limits: Limits = Limits()) -> Inspection:
    """What a gain-map file holds, without decoding its HDR unless asked to; loads no torch.

    Args:
        source: A path, bytes or a binary file.
        brightness: Decode the HDR and measure how bright it is; a gain map that proves broken is told of then. Pictures
            of more than 16 megapixels and 64 pixels a byte of their file are not measured, which is a warning.
        limits: Budgets for what the file may ask for.
    Raises:
        GainMapError: The base itself is broken, not supported or over the limits.
        OSError: The path cannot be read.
    """
    return inspect_source(source, limits, brightness=brightness)


def transcode(
    source: Source,
    *,
    container: Container | None = None,
    base: KindOfBase | None = None,
    carry: Carry | None = None,
    strip: Strip | None = None,
    size: tuple[int | None, int | None] | None = None,
    fit: tuple[int, int] | int | None = None,
    enlarge: bool = False,
    quality: int | None = None,
    chroma: Chroma | None = None,
    speed: int | None = None,
    map_quality: int | None = None,
    map_scale: int | Auto | None = None,
    map_channels: int | Auto | None = None,
    map_bits: int | Auto | None = None,
    max_bytes: int | None = None,
    preset: AnyPreset = "balanced",
    target_bytes: int | None = None,
    target_psnr: float | None = None,
    device: str = "auto",
    seed: int = 0,
    effort: int = DEFAULT_EFFORT,
    limits: Limits = Limits(),
) -> bytes:
    """Write a gain-map file anew: in another container, at another size, with other gain maps, its HDR kept.

    What is asked for is done, and nothing else: in the same container and at the same size the coded bytes of base and
    standard map are kept bit for bit. In another container both are coded again, the map at its size with its very
    numbers. Apple's own gain maps become ones of ISO 21496-1, pixel by pixel. EXIF, XMP, ICC profile and orientation
    stay.

    At another size the base is coded again. The standard map becomes smaller by the same factor, but never larger: then
    it is kept bit for bit.

    A neural gain map stays bit for bit with its base. On one that is coded anew, cut or resized it is measured again,
    and stays where it is about as good there. Where it is poorer by 3 dB, as the small pictures of websites mostly are,
    another one is fitted to the source's HDR rendition, and written where it is better by half a dB; networks as
    published and bases of more than 4 million pixels keep theirs. Where the new base no longer looks like the old one,
    a new one is fitted if it was asked for or is all the HDR there is; else it is dropped.

    Args:
        source: A path, bytes or a binary file.
        container: Kind of file to write; None keeps the source's.
        base: "sdr" or "hdr": where the base is the other, it and the rendition that the standard map leads to change
            places, as by `swap`. None keeps it, but for an HDR base that is to be in a JPEG.
        carry: Which gain maps to write: "standard", "neural" or "both"; what the source lacks is made of what it has.
            "apple" writes one of Apple's own kind alone, in JPEG and HEIC. None keeps those that it has.
        strip: "gps" leaves out where the picture was taken, wherever the file says it; what cannot be searched goes as
            a whole, and what may name the place and stays, such as a video, is warned of. "all" leaves out everything
            but pixels, colour, orientation and gain maps. None leaves nothing out.
        size: Width and height of the upright picture in pixels, exactly; None for one of them keeps the proportions.
        fit: Width and height of a box that the upright picture is to fit in, as large as its proportions allow, or one
            number for both; a picture that is inside already stays as it is.
        enlarge: Pictures smaller than the box are enlarged to it.
        quality: Quality of the base, 1…100 as its encoder counts; None keeps its bytes where they can stay, and codes
            it at 92 in JPEG, 65 in HEIC, 85 in AVIF and 95 in JPEG XL elsewhere. A smaller picture of the same
            container is then no larger a file than its source: base and map get lower qualities where it would be. One
            that is given is obeyed, and warned of there.
        chroma: "4:2:0" or "4:4:4", of the base; None is as the source has it. JPEG XL has 4:4:4 alone, and a warning.
        speed: Of coding HEIC, AVIF and JPEG XL, 0 (smallest) … 10 (quickest); None is 8.
        map_quality: Quality of the standard map, 1…100; None keeps its bytes where they can stay, and codes it at 95
            in JPEG and AVIF, 70 in HEIC and 98 in JPEG XL elsewhere, which are as near to its pixels. Where there is
            none yet, and the neural map predicts one gain for all channels, it is that gain: at the size of its grid
            in the network's place ("standard"), as small as `encode` would make it beside the network ("both").
        map_scale: Base pixels for each pixel of the standard map along a side, 1…128, or "auto"; None keeps what it
            has.
        map_channels: 1, 3 or "auto", of the standard map; None keeps what it has.
        map_bits: 8, 10, 12 or "auto", likewise; what the container's codec has no room for is rounded, with a warning.
        max_bytes: Size of the whole file, metadata included, to keep within. The qualities asked for, or the defaults,
            go down together until it does. Where 60 is too large still, they begin anew with 4:2:0 and a map of a
            quarter of the base's side, and where 30 is, with an eighth, unless `chroma` and `map_scale` say otherwise.
        preset: A row of defaults, of which each is replaced by what is asked for beside it. "web" is about what a web
            pipeline writes: base and map coded anew at moderate qualities, 4:2:0, the map at a quarter. "archive" keeps
            what can stay, and codes what cannot at high qualities, 4:4:4. Both choose the kind of a neural map that has
            to be made (tiny, best); all others are such kinds and nothing else, see `encode`. "auto" is "balanced".
        target_bytes: Size of a new neural payload to keep within.
        target_psnr: PQ-PSNR in dB for a new neural gain map to reach, in as few bytes as that takes: against the HDR
            original, as `inspect` tells it. Where the source's own neural gain map says that its HDR picture is hardly
            as near to the original, the new one comes within a decibel of it, with a warning.
        device: As in `encode`, for fits.
        seed: Of a fit.
        effort: Of a fit, as in `encode`.
        limits: Budgets for what the source may ask for.
    Returns:
        The file.
    Raises:
        ValueError, TypeError: An argument is out of its range, or does not go with another; or even the lowest
            qualities do not keep within `max_bytes`.
        NoGainMapError: A gain map was asked for, and the source holds none to make it of.
        MissingDependencyError: torch is not installed, and a published network has to be fitted.
        GainMapError: The base is broken, not supported or over the limits, or cannot be in that container.
        OSError: The path cannot be read.
    Warns:
        GainMapWarning: For each thing that is lost, or no longer holds.
    """
    options = TranscodeOptions(
        container=container,
        base=base,
        carry=carry,
        strip=strip,
        size=size,
        fit=fit,
        enlarge=enlarge,
        quality=quality,
        chroma=chroma,
        speed=speed,
        map_quality=map_quality,
        map_scale=map_scale,
        map_channels=map_channels,
        map_bits=map_bits,
        max_bytes=max_bytes,
        preset=preset,
        target_bytes=target_bytes,
        target_psnr=target_psnr,
        device=device,
        seed=seed,
        effort=effort,
        limits=limits,
    )
    report = transcode_with_report(source, options)
    _warn(report.warnings)
    return report.data


def crop(
    source: Source,
    box: tuple[int, int, int, int],
    *,
    container: Container | None = None,
    base: KindOfBase | None = None,
    carry: Carry | None = None,
    strip: Strip | None = None,
    size: tuple[int | None, int | None] | None = None,
    fit: tuple[int, int] | int | None = None,
    enlarge: bool = False,
    quality: int | None = None,
    chroma: Chroma | None = None,
    speed: int | None = None,
    map_quality: int | None = None,
    map_scale: int | Auto | None = None,
    map_channels: int | Auto | None = None,
    map_bits: int | Auto | None = None,
    max_bytes: int | None = None,
    preset: AnyPreset = "balanced",
    target_bytes: int | None = None,
    target_psnr: float | None = None,
    device: str = "auto",
    seed: int = 0,
    effort: int = DEFAULT_EFFORT,
    limits: Limits = Limits(),
) -> bytes:
    """Cut a gain-map file to a part of its picture.

    The base is coded again, and the standard map with it. A neural map is told where it lies on the picture now, or
    fitted anew, as in `transcode`. The EXIF thumbnail, which shows the whole picture, is removed.

    Args:
        source: A path, bytes or a binary file.
        box: Left, top, right and bottom edge in pixels of the upright picture; right and bottom are behind the last.
        size, fit, enlarge: Of the part, as in `transcode`.
        container, base, carry, strip, quality, chroma, speed: As in `transcode`.
        map_quality, map_scale, map_channels, map_bits: As in `transcode`.
        max_bytes, preset, target_bytes, target_psnr, device, seed, effort, limits: As in `transcode`.
    Returns:
        The file, of the same kind unless `container` is another.
    Raises:
        ValueError: An empty box, or one that is not inside the picture; or as `transcode`.
        GainMapError, OSError: As `transcode`.
    Warns:
        GainMapWarning: For each thing that is lost, or no longer holds.
    """
    options = TranscodeOptions(
        container=container,
        base=base,
        carry=carry,
        strip=strip,
        box=box,
        size=size,
        fit=fit,
        enlarge=enlarge,
        quality=quality,
        chroma=chroma,
        speed=speed,
        map_quality=map_quality,
        map_scale=map_scale,
        map_channels=map_channels,
        map_bits=map_bits,
        max_bytes=max_bytes,
        preset=preset,
        target_bytes=target_bytes,
        target_psnr=target_psnr,
        device=device,
        seed=seed,
        effort=effort,
        limits=limits,
    )
    report = transcode_with_report(source, options)
    _warn(report.warnings)
    return report.data


def resize(
    source: Source,
    size: tuple[int | None, int | None] | None = None,
    *,
    container: Container | None = None,
    base: KindOfBase | None = None,
    carry: Carry | None = None,
    strip: Strip | None = None,
    fit: tuple[int, int] | int | None = None,
    enlarge: bool = False,
    quality: int | None = None,
    chroma: Chroma | None = None,
    speed: int | None = None,
    map_quality: int | None = None,
    map_scale: int | Auto | None = None,
    map_channels: int | Auto | None = None,
    map_bits: int | Auto | None = None,
    max_bytes: int | None = None,
    preset: AnyPreset = "balanced",
    target_bytes: int | None = None,
    target_psnr: float | None = None,
    device: str = "auto",
    seed: int = 0,
    effort: int = DEFAULT_EFFORT,
    limits: Limits = Limits(),
) -> bytes:
    """Make a gain-map file smaller or larger, see `transcode`; a picture that has the size already stays as it is.

    Args:
        source: A path, bytes or a binary file.
        size: Width and height of the upright picture in pixels, exactly; None for one of them keeps the proportions. A
            picture that this stretches by more than a pixel and 1 % is warned of.
        fit, enlarge: In place of `size`: a box, as in `transcode`.
        container, base, carry, strip, quality, chroma, speed: As in `transcode`.
        map_quality, map_scale, map_channels, map_bits: As in `transcode`.
        max_bytes, preset, target_bytes, target_psnr, device, seed, effort, limits: As in `transcode`.
    Returns:
        The file, of the same kind unless `container` is another.
    Raises:
        ValueError: Neither size nor fit, or both; a size below 1, or over `limits`; or as `transcode`.
        GainMapError, OSError: As `transcode`.
    Warns:
        GainMapWarning: For each thing that is lost, or no longer holds.
    """
    if size is fit is None:
        raise ValueError("size and fit: expected one of them, got neither")
    options = TranscodeOptions(
        container=container,
        base=base,
        carry=carry,
        strip=strip,
        size=size,
        fit=fit,
        enlarge=enlarge,
        quality=quality,
        chroma=chroma,
        speed=speed,
        map_quality=map_quality,
        map_scale=map_scale,
        map_channels=map_channels,
        map_bits=map_bits,
        max_bytes=max_bytes,
        preset=preset,
        target_bytes=target_bytes,
        target_psnr=target_psnr,
        device=device,
        seed=seed,
        effort=effort,
        limits=limits,
    )
    report = transcode_with_report(source, options)
    _warn(report.warnings)
    return report.data


def rotate(source: Source, degrees: int, *, strip: Strip | None = None, limits: Limits = Limits()) -> bytes:
    """Turn a gain-map file clockwise without coding anything again.

    The orientation changes that the file asks its viewers for, in EXIF or by irot and imir. Base, standard map and
    neural map, which all lie in the stored raster, keep every byte.

    Args:
        source: A path, bytes or a binary file.
        degrees: A multiple of 90.
        strip: "gps" leaves out where the picture was taken, "all" everything but what the pictures need; see
            `transcode`.
        limits: Budgets for what the source may ask for.
    Returns:
        The file, of the same kind.
    Raises:
        ValueError: Other degrees.
        GainMapError: The base is broken, not supported or over the limits; or an EXIF segment is damaged.
        OSError: The path cannot be read.
    Warns:
        GainMapWarning: For each thing that is lost, or no longer holds.
    """
    report = rotate_with_report(source, degrees, strip=strip, limits=limits)
    _warn(report.warnings)
    return report.data


def flip(source: Source, axis: FlipAxis, *, strip: Strip | None = None, limits: Limits = Limits()) -> bytes:
    """Mirror a gain-map file without coding anything again, as `rotate` turns it.

    Args:
        axis: "horizontal" exchanges left and right, "vertical" top and bottom.
        source, strip, limits: As for `rotate`.
    Returns, Raises, Warns:
        As `rotate`.
    """
    report = flip_with_report(source, axis, strip=strip, limits=limits)
    _warn(report.warnings)
    return report.data


def extract(source: Source, *, limits: Limits = Limits()) -> Parts:
    """Take a gain-map file apart: base and gain map as files of their own, their coded bytes untouched.

    Args:
        source: A path, bytes or a binary file. One without a gain map has a base alone.
        limits: Budgets for what the file may ask for.
    Returns:
        The parts, as bytes and as arrays; `assemble` makes the same pixels and numbers of them again.
    Raises:
        GainMapError: The base is broken, not supported or over the limits.
        OSError: The path cannot be read.
    Warns:
        GainMapWarning: Each of the result's `warnings`: what is odd about the file, and what no part holds, such as a
            second gain map.
    """
    parts = extract_parts(source, limits)
    _warn(parts.warnings)
    return parts


def assemble(
    base: Picture,
    gain_map: Picture | None,
    metadata: GainMapMetadata | AppleMetadata | Mapping[str, Any] | None,
    *,
    container: Container,
    payload: bytes | None = None,
    exif: Exif | None = None,
    xmp: bytes | None = None,
    icc_profile: bytes | None = None,
    orientation: int | None = None,
    alternate_icc_profile: bytes | None = None,
    alternate_color: tuple[int, int, int, bool] | None = None,
    quality: int | None = None,
    map_quality: int | None = None,
    speed: int | None = None,
    limits: Limits = Limits(),
) -> bytes:
    """Put a gain-map file together of its parts: what `extract` gives, or pictures and numbers of your own.

    A base or gain map that is a file of the container's kind goes in bit for bit. Others are coded.

    Args:
        base: The picture that every reader shows: a file (path, bytes, binary file), whose own gain maps are left out;
            a Pillow image; or an array of code values in sRGB or the colour of `icc_profile`, (H, W, 3) or (H, W):
            uint8, or uint16 (0…65535), of which HEIC and AVIF get 10 bits. A HEIC or AVIF in PQ makes an HDR base.
        gain_map: Likewise, of any size; arrays and JPEG files lie on the base as that is stored, HEIC and AVIF files as
            they are looked at. None makes a file without.
        metadata: How to read the gain map: a record, or a dictionary as ``metadata.json`` has it (docs/parts.md); None
            without one.
        container: Kind of file.
        payload: A neural gain map that was made for this base, coded again since perhaps, or None.
        exif: EXIF to write, as in `encode`; None takes that of `base`; b"" writes none.
        xmp: XMP packet to write; likewise.
        icc_profile: Profile of the base, which changes what its code values mean; likewise.
        orientation: As in EXIF, 1…8: how the stored base is turned to be looked at; None takes that of `base`.
        alternate_icc_profile: Of the rendition that the gain map leads to; None takes that of a JPEG gain map.
        alternate_color: The same by code points: primaries, transfer, matrix, full range. None takes what `metadata`
            says.
        quality: Of the base, 1…100; None keeps a file of the container as it is and codes others as `encode`.
        map_quality: Of the gain map, 1…100; None keeps one of the container's and codes others as
            `transcode` does.
        speed: Of coding HEIC, AVIF and JPEG XL, as in `encode`.
        limits: Budgets for what the files may ask for.
    Returns:
        The file.
    Raises:
        ValueError, TypeError: An argument is out of its range or of another type, the numbers cannot be written, or the
            payload is another base's.
        GainMapError: A picture is broken, not supported or over the limits, or an HDR base cannot be in that container.
        OSError: A path cannot be read.
    Warns:
        GainMapWarning: For each thing that is lost, or no longer holds.
    """
    options = AssembleOptions(
        container=container,
        payload=payload,
        exif=exif,
        xmp=xmp,
        icc_profile=icc_profile,
        orientation=orientation,
        alternate_icc_profile=alternate_icc_profile,
        alternate_color=alternate_color,
        quality=quality,
        map_quality=map_quality,
        speed=speed,
        limits=limits,
    )
    report = assemble_with_report(base, gain_map, metadata, options)
    _warn(report.warnings)
    return report.data


def swap(
    source: Source,
    *,
    container: Container | None = None,
    quality: int | None = None,
    map_quality: int | None = None,
    speed: int | None = None,
    limits: Limits = Limits(),
) -> bytes:
    """Let the HDR and the SDR picture of a gain-map file change places.

    An SDR base with a gain map up to HDR becomes an HDR base (PQ, 10 bits) with the same gain map down to SDR, and the
    reverse. The new base is coded; the map's pixels and range stay, its headrooms and offsets exchange their roles. The
    file shows the same on displays of every headroom.

    Args:
        source: A path, bytes or a binary file, with a standard gain map, or with a neural one that predicts one gain
            for all channels, which becomes a standard map. Otherwise a neural one belongs to the base that it was made
            for, and does not come along.
        container: Kind of file to write; None keeps the source's. A JPEG holds SDR bases only.
        quality: Of the new base, 1…100; None is 92 in JPEG, 65 in HEIC, 85 in AVIF and 95 in JPEG XL.
        map_quality: Of the gain map, 1…100; None keeps it bit for bit where the container can have it so, and codes it
            as `transcode` does where not.
        speed: Of coding HEIC, AVIF and JPEG XL, as in `encode`.
        limits: Budgets for what the source may ask for.
    Returns:
        The file.
    Raises:
        ValueError: An argument is out of its range.
        NoGainMapError: The source has no such gain map that can be used.
        UnsupportedError: Its map leads to the base's own headroom, or an HDR base was to be in a JPEG.
        GainMapError: The base is broken, not supported or over the limits.
        OSError: The path cannot be read.
    Warns:
        GainMapWarning: For each thing that is lost, or no longer holds.
    """
    options = SwapOptions(container=container, quality=quality, map_quality=map_quality, speed=speed, limits=limits)
    report = swap_with_report(source, options)
    _warn(report.warnings)
    return report.data


def _warn(notes: Iterable[str]) -> None:
    """Warn of each line, once, as if the caller of the verb had written it."""
    for note in notes:
        warnings.warn(printable(note), GainMapWarning, stacklevel=3)
