"""What other people's programs leave of a gain-map file: base, standard map, payload, and what our reader then says."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import PIL
import pillow_heif
from PIL import Image

from gainmap_codec.codec.decoding import best_rendition
from gainmap_codec.codec.opening import open_file
from gainmap_codec.codec.rendering import STORED, render
from gainmap_codec.errors import GainMapError, Limits
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.jpeg.segments import coded_digest, segments_of
from gainmap_codec.files.records import CodedImage, Container, GainMapFile

PACKAGES = "libimage-exiftool-perl exiv2 libjpeg-turbo-progs imagemagick ffmpeg libvips-tools"
"""Debian packages of the programs."""

_SUFFIXES: dict[Container, str] = {"jpeg": ".jpg", "heic": ".heic", "avif": ".avif"}
_SECONDS = 120
_JPEG: tuple[Container, ...] = ("jpeg",)
_ALL: tuple[Container, ...] = ("jpeg", "heic", "avif")


@dataclass(frozen=True)
class Edit:
    """One thing to do with a file.

    Attributes:
        name: As in the table.
        containers: Files that it is tried on.
        command: A program and its arguments; IN and OUT stand for the files. Or a function of the file's bytes.
        in_place: The program changes OUT, which is a copy of IN.
    """

    name: str
    containers: tuple[Container, ...]
    command: tuple[str, ...] | Callable[[bytes], bytes]
    in_place: bool = False


def _pillow(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        out = io.BytesIO()
        image.save(out, image.format, quality=90, exif=image.getexif(), icc_profile=image.info.get("icc_profile"))
        return out.getvalue()


def _pillow_half(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        out = io.BytesIO()
        image.resize((image.width // 2, image.height // 2)).save(out, image.format, quality=90)
        return out.getvalue()


def _pillow_heif(data: bytes) -> bytes:
    out = io.BytesIO()
    pillow_heif.open_heif(io.BytesIO(data)).save(out, quality=90)
    return out.getvalue()


EDITS: tuple[Edit, ...] = (
    Edit("exiftool, copyright", _ALL, ("exiftool", "-q", "-overwrite_original", "-Copyright=me", "OUT"), True),
    Edit("exiftool -all=", _ALL, ("exiftool", "-q", "-overwrite_original", "-all=", "OUT"), True),
    Edit("exiv2, copyright", _ALL, ("exiv2", "-M", "set Exif.Image.Copyright me", "OUT"), True),
    *(
        Edit(f"jpegtran {options}", _JPEG, ("jpegtran", *options.split(), "-outfile", "OUT", "IN"))
        for options in ("-copy all -rotate 90", "-copy all -flip horizontal", "-copy all -optimize", "-rotate 90")
    ),
    Edit("ImageMagick, quality 90", _ALL, ("convert", "IN", "-quality", "90", "OUT")),
    Edit("ImageMagick, half size", _ALL, ("convert", "IN", "-resize", "50%", "-quality", "90", "OUT")),
    Edit("ImageMagick, turned by 90°", _ALL, ("convert", "IN", "-rotate", "90", "-quality", "90", "OUT")),
    Edit("ImageMagick, 10 % cut off", _ALL, ("convert", "IN", "-chop", "10%x0", "-quality", "90", "OUT")),
    Edit("ImageMagick, gamma 1.1", _JPEG, ("convert", "IN", "-gamma", "1.1", "-quality", "90", "OUT")),
    Edit("Pillow, quality 90", ("jpeg", "avif"), _pillow),
    Edit("Pillow, half size", ("jpeg", "avif"), _pillow_half),
    Edit("pillow-heif, quality 90", ("heic",), _pillow_heif),
    Edit("ffmpeg -c copy", _ALL, ("ffmpeg", "-v", "error", "-y", "-i", "IN", "-c", "copy", "OUT")),
    Edit("ffmpeg -q:v 2", _JPEG, ("ffmpeg", "-v", "error", "-y", "-i", "IN", "-q:v", "2", "OUT")),
    Edit("libvips copy", _ALL, ("vips", "copy", "IN", "OUT[Q=90]")),
    Edit("libvips thumbnail, half size", _ALL, ("vipsthumbnail", "IN", "--size", "HALF", "-o", "OUT[Q=90]")),
)


def survival_rows(files: Sequence[tuple[str, bytes]]) -> Iterator[str]:
    """Markdown rows: file, what was done with it; base, standard map, payload; what our reader says.

    Args:
        files: Names and bytes of gain-map files; best with a standard map and a payload both.
    """
    yield "| file | edit | base | standard map | payload | our reader |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, data in files:
        before = parse_file(data, name, Limits())
        for edit in EDITS:
            if before.container in edit.containers:
                yield f"| {name} | {edit.name} | {_outcome(edit, data, before)} |"


def versions() -> Iterator[str]:
    """What programs were found: a line each."""
    flags = {"exiftool": "-ver", "jpegtran": "-version", "convert": "-version", "ffmpeg": "-version"}
    for program in sorted({edit.command[0] for edit in EDITS if not callable(edit.command)}):
        if shutil.which(program) is None:
            yield f"{program}: not installed (Debian: apt-get install {PACKAGES})"
            continue
        command = [program, flags.get(program, "--version")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
        yield f"{program}: {(done.stdout or done.stderr).strip().splitlines()[0]}"
    yield f"Pillow: {PIL.__version__}; pillow-heif: {pillow_heif.__version__}"


def _outcome(edit: Edit, data: bytes, before: GainMapFile) -> str:
    """The last four columns."""
    try:
        edited = _edited(edit, data, before)
    except FileNotFoundError:
        return "n/a | n/a | n/a | the program is not installed"
    except (subprocess.SubprocessError, OSError, ValueError, RuntimeError) as error:
        return f"– | – | – | the program fails: {_reason(error)}"
    if edited is None:
        return "– | – | – | the program writes nothing"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _compared(before, edited)
        except GainMapError as error:
            return f"broken | – | – | {error}"


def _edited(edit: Edit, data: bytes, before: GainMapFile) -> bytes | None:
    if callable(edit.command):
        return edit.command(data)
    suffix = _SUFFIXES[before.container]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, f"in{suffix}"), Path(folder, f"out{suffix}")
        source.write_bytes(data)
        if edit.in_place:
            target.write_bytes(data)
        half = f"{before.base.width // 2}x{before.base.height // 2}"
        words = (word.replace("OUT", str(target)).replace("HALF", half) for word in edit.command)
        command = [str(source) if word == "IN" else word for word in words]
        subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)
        return target.read_bytes() if target.exists() else None


def _reason(error: Exception) -> str:
    text = error.stderr.decode("utf-8", "replace") if isinstance(error, subprocess.CalledProcessError) else str(error)
    lines = [" ".join(line.split()) for line in text.replace("|", "/").splitlines() if line.strip()]
    return lines[-1].split("/")[-1][:80] if lines else type(error).__name__


def _compared(before: GainMapFile, data: bytes) -> str:
    opened = open_file(data, "edited", Limits())
    after = opened.file
    base = "kept" if after.base_digest == before.base_digest else "coded again"
    if before.payload is None or after.payload is None:
        payload = "none" if before.payload is None else "lost"
    else:
        payload = "kept" if after.payload == before.payload else "altered"
    kind = best_rendition(opened, STORED, render).kind
    said = "SDR" if kind == "base" else f"HDR from the {kind} map"
    if after.payload is not None:
        said += {
            "strict": "",
            "soft": "; payload bound by its look",
            None: "; payload refused: another base",
        }.get(opened.bound_by, "")
        if opened.payload is not None and before.payload is not None and "turned" in " ".join(opened.warnings):
            said += ", turned"
    return f"{base} | {_map_outcome(before, after)} | {payload} | {said}"


def _map_outcome(before: GainMapFile, after: GainMapFile) -> str:
    if before.gain_map is None:
        return "none"
    if after.gain_map is None:
        return "lost, index left behind" if after.refused else "lost"
    same = _coded(before.gain_map.image) == _coded(after.gain_map.image)
    return "kept" if same else "coded again"


def _coded(image: CodedImage) -> bytes:
    return coded_digest(segments_of(image)) if image.codec == "jpeg" else image.data
