"""What the commands share: options, checks of what is to be written, and how errors are told."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from gainmap_codec.cli.progress import Files, Progress
from gainmap_codec.cli.streams import STDOUT, TARGET, is_picture_at_stdout
from gainmap_codec.cli.wording import as_typed, error_as_typed
from gainmap_codec.codec.options import DEFAULT_EFFORT, WRITTEN, EncodeOptions
from gainmap_codec.errors import GainMapError, listed, printable
from gainmap_codec.files.container import SUFFIXES
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.formats.coded_image import DEFAULT_SPEED

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path, readable=False)  # a missing file is a bad file (exit code 1), not wrong usage


class Folder(click.Path):
    """A folder to write to; `-`, which stands for standard output elsewhere, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path itself."""
        if value == "-":
            self.fail("expected a folder, got -", param, ctx)
        return super().convert(value, param, ctx)


FOLDER = Folder(path_type=Path, readable=False)
CONTAINERS: dict[str, Container] = {suffix: kind for kind in WRITTEN for suffix in SUFFIXES[kind]}
"""The container that a written file's suffix names."""
FILE_ERRORS = (GainMapError, OSError, ValueError, MemoryError)
"""What a file can bring about; anything else is a mistake of ours."""

INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 and the number of the signal, as shells have it."""


class WholeNumber(click.IntRange):
    """A whole number within a range, whose complaint is a sentence."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        try:
            int(value)
        except ValueError:
            self.fail(f"expected a whole number, got {value!r}", param, ctx)
        return super().convert(value, param, ctx)


def _whole_number(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    return None if value is None else int(value)


overwrite = click.option(
    "--overwrite", is_flag=True, help="Replace files that are there already, even IN if the new file has its name."
)
strict = click.option(
    "--strict",
    is_flag=True,
    help="Exit code 1 also if an IN is damaged, for example cut off. What is left of it is written all the same.",
)
quiet = click.option("-q", "--quiet", is_flag=True, help="Print nothing but warnings and errors.")
device = click.option(
    "--device",
    default="auto",
    show_default=True,
    help="Where neural gain maps are rendered, and the published networks fitted: auto, cpu, cuda or cuda:N.",
)
seed = click.option(
    "--seed",
    type=WholeNumber(min=0),
    default=0,
    show_default=True,
    help="Seed of the fit: the same seed gives the same file again.",
)
effort = click.option(
    "--effort",
    type=WholeNumber(1, 9),
    default=DEFAULT_EFFORT,
    show_default=True,
    help="How long a neural gain map is fitted: 1 is the quickest, 9 makes the best one.",
)
speed = click.option(
    "--speed",
    type=WholeNumber(0, 10),
    help="How quickly HEIC, AVIF and JPEG XL are coded: 0 makes the smallest files, 10 is the quickest.  "
    f"[default: {DEFAULT_SPEED}]",
)
base_bits = click.option(
    "--base-bits",
    type=click.Choice(["8", "10"]),
    callback=_whole_number,
    help="Bits of the base; 10 in HEIC, AVIF and JPEG XL. Default: as many as the SDR picture has; without one, 8, or "
    "10 for an HDR base.",
)
base_color_space = click.option(
    "--base-color-space",
    type=click.Choice(["srgb", "display-p3"]),
    default=EncodeOptions().base_color_space,
    show_default=True,
    help="Colour space of a new SDR picture.",
)
sdr_white = click.option(
    "--sdr-white",
    metavar="NITS",
    type=click.FloatRange(1, 10_000),
    help="How bright SDR white is in an HDR picture. Screenshots of Windows: 80 nits, and 4 for each step of its SDR "
    "content brightness (Settings, System, Display, HDR); at 30 that is 200.  [default: 203]",
)
target_bytes = click.option(
    "--target-bytes", type=WholeNumber(min=1), help="Largest size of a new neural gain map, in bytes."
)
target_psnr = click.option(
    "--target-psnr",
    metavar="DB",
    type=click.FloatRange(min=0),
    help="How near a new neural gain map has to come to the HDR picture, in dB of PQ-PSNR; it takes no more bytes than "
    "that needs. A high target takes a coded picture of up to some hundred kilobytes.",
)
strip = click.option(
    "--strip",
    type=click.Choice(["gps", "all"]),
    show_default=True,
    help="gps: remove the place where the picture was taken; all: remove everything but what the pictures need.",
)


class NumberOrAuto(click.ParamType[Any]):
    """A whole number, or the word auto; which numbers are allowed, the options say."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value itself, if it is ``auto``."""
        return value if value == "auto" else click.INT.convert(value, param, ctx)


def output(
    suffixes: Iterable[str], *, help: str, name: str = "--output", required: bool = True
) -> Callable[[Command], Command]:
    """The option -o, or another `name`, for a file with one of these suffixes; see `check_suffix`."""
    known = tuple(suffixes)

    def check(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
        if path is not None and path is not STDOUT:
            check_suffix(path, known)
        return path

    is_main = name == "--output"
    names = ("-o", name, "output") if is_main else (name,)
    return click.option(*names, type=TARGET if is_main else PATH, required=required, callback=check, help=help)


def to(kinds: Iterable[str]) -> Callable[[Command], Command]:
    """The option --to for a command whose -o has a name that tells, unless it is ``-``; see `suffix_of`."""
    return click.option("--to", type=click.Choice(list(kinds)), help="The format to write, where -o is -.")


def suffix_of(output: Path, to: str | None) -> str:
    """The suffix of what is to be written, by its name or by --to.

    Raises:
        click.UsageError: Neither tells, or they contradict each other.
    """
    suffix = output.suffix.lower()
    if output is STDOUT and to is None:
        raise click.UsageError("expected --to beside -o -, which has no name that tells the format")
    wanted = suffix if to is None else f".{to}"
    if output is not STDOUT and CONTAINERS.get(suffix, suffix) != CONTAINERS.get(wanted, wanted):
        raise click.UsageError(f"--to: expected the format that -o is named by, {suffix[1:]}, got {to}")
    return wanted


def check_suffix(path: Path, suffixes: Sequence[str]) -> None:
    """Raise click.BadParameter for a name that ends in none of `suffixes`."""
    if path.suffix.lower() not in suffixes:
        raise click.BadParameter(f"expected a name ending in {listed(suffixes)}, got {path.name!r}")


def check_folder(folder: Path) -> None:
    """Raise FileNotFoundError where there is no such folder."""
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(folder))


@contextmanager
def usage() -> Iterator[None]:
    """Options that are refused are wrong usage, exit code 2."""
    try:
        yield
    except ValueError as error:
        raise click.UsageError(error_as_typed(error)) from error


@contextmanager
def progress_bar(quiet: bool, name: object = "working") -> Iterator[Progress | None]:
    """What to tell the share of work on one file that is done, 0…1, or None where nobody watches; see `Files`."""
    with Files(1, quiet).next(name) as progress:
        yield progress


def say(text: str) -> None:
    """Print a result."""
    click.echo("\n".join(map(printable, text.split("\n"))), err=is_picture_at_stdout())


def say_json(value: object) -> None:
    """Print a result as JSON, with its own escapes for what would steer a terminal."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    click.echo("".join(c if c in (printable(c), "\n") else json.dumps(c)[1:-1] for c in text))


def say_of(path: object, text: str) -> None:
    """Print a line about a file, whose name may have several."""
    say(printable(f"{path}: {text}"))


def warn(lines: Iterable[str], source: object = None) -> None:
    """Print warnings, a line each; `source` names the file where the command has several."""
    for line in map(as_typed, lines):
        complain(f"warning: {line}" if source is None else f"warning: {source}: {line}")


def warn_of(source: object, warnings: Iterable[str], damage: Sequence[str], *, named: bool = False) -> None:
    """Print warnings about one file, a line each; what is missing of it comes first, with its name."""
    warn((f"damaged: {line}" for line in damage), source)
    warn((line for line in warnings if line not in damage), source if named else None)


def complain(line: str) -> None:
    """Print one line on standard error."""
    click.echo(f"gainmap: {printable(' '.join(line.split()))}", err=True)


def complain_of(source: object, error: BaseException) -> None:
    """Print what happened to one of several files."""
    complain(f"{source}: {error_as_typed(error, below=source)}")


def fail(source: object, error: BaseException) -> NoReturn:
    """Print what happened to the only file, and end with exit code 1."""
    complain_of(source, error)
    raise click.exceptions.Exit(1) from error


def exit_for(failed: int, damaged: int, count: int, *, strict: bool, kind: str = "files") -> None:
    """End with exit code 1 if any of the files failed, or is damaged where that counts; say how many."""
    complain_of_failures(failed, count, kind)
    if strict and damaged:
        complain(f"{int(damaged)} of {count} {kind} damaged")
    if failed or (strict and damaged):
        raise click.exceptions.Exit(1)


def complain_of_failures(failed: int, count: int, kind: str = "files") -> int:
    """Print how many of many failed, if any did, and give that number back."""
    if failed:
        complain(f"{failed} of {count} {kind} failed")
    return failed
