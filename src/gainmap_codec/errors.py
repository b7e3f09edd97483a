"""What we raise on purpose, what we warn about, and the budgets that untrusted input may spend.

    GainMapError(Exception)        everything raised on purpose about a file
    ├─ FormatError                 the bytes break the format; carries .where and .offset
    ├─ UnsupportedError            valid, but newer than this version or optional
    ├─ NoGainMapError              a fine image without a gain map, for verbs that need one
    ├─ LimitError                  over `Limits`
    └─ MissingDependencyError      also ImportError; names the extra to install

A caller's mistake stays `TypeError` or `ValueError`, disk trouble stays `OSError`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, fields


class GainMapError(Exception):
    """Base of everything this package raises on purpose about a file; its text is `printable`, whatever it quotes."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*(printable(each) if isinstance(each, str) else each for each in arguments))


class FormatError(GainMapError):
    """The bytes break their format.

    Attributes:
        where: The structure being read, e.g. ``"ISO 21496-1 metadata"``.
        problem: What was expected and what was found.
        offset: Byte offset inside that structure, or None where no single byte is at fault.
    """

    def __init__(self, where: str, problem: str, *, offset: int | None = None) -> None:
        self.where = where
        self.problem = problem
        self.offset = offset
        place = where if offset is None else f"{where} at byte {offset}"
        super().__init__(f"{place}: {problem}")

    def __reduce__(self) -> tuple[object, ...]:
        """How it travels to another process."""
        return _format_error, (self.where, self.problem, self.offset)


def _format_error(where: str, problem: str, offset: int | None) -> FormatError:
    return FormatError(where, problem, offset=offset)


class UnsupportedError(GainMapError):
    """A valid file that needs something this version does not do."""


class NoGainMapError(GainMapError):
    """An image without a gain map, given to a verb that needs one."""


class LimitError(GainMapError):
    """The input asks for more than its `Limits` allow."""


class MissingDependencyError(GainMapError, ImportError):
    """An optional package is needed; the message names the extra to install."""


class GainMapWarning(UserWarning):
    """A loss, a fallback or a missed target: the result is valid, but not all that was asked for."""


class HdrLostWarning(GainMapWarning):
    """The result is the SDR picture alone: its HDR could not come along."""


@dataclass(frozen=True)
class Limits:
    """Budgets for untrusted input, checked before anything of that size is allocated.

    Attributes:
        file_bytes: Size of a whole file.
        pixels: Width × height of a base image, and of a gain map; of all layers but the last of a JPEG XL picture,
            together.
        segments: Marker segments (scans included) of one JPEG image.
        scans: Scans of one JPEG image.
        mpf_entries: Images listed in an MPF index.
        boxes: Boxes of a HEIC, AVIF or JPEG XL file, all levels together.
        items: Items of a HEIC or AVIF file, the tiles of its grids included.
        links: References, groups, properties and extents of those items, all together.
        xmp_bytes: Size of one XMP packet.
        xmp_depth: Nesting of elements in an XMP packet.
        payload_bytes: Size of a neural payload.
        weights: Weights of a neural payload's network.
        latents: Cells of a neural payload's latent grids.
        work: Steps that reading one file takes, some 0.1 µs each, beside decoding its pixels: for bytes of XMP, JPEG
            segments, tiles, items, weights and latents, as often as they are gone through.
    """

    file_bytes: int = 1 << 30
    pixels: int = 1 << 28
    segments: int = 4096
    scans: int = 100
    mpf_entries: int = 64
    boxes: int = 8192
    items: int = 4096
    links: int = 1 << 16
    xmp_bytes: int = 1 << 20
    xmp_depth: int = 32
    payload_bytes: int = 1 << 22
    weights: int = 1 << 16
    latents: int = 1 << 19
    work: int = 1 << 23

    def check(self, name: str, value: int) -> None:
        """Raise `LimitError` if `value` is above the limit called `name`."""
        allowed: int = getattr(self, name)
        if value > allowed:
            raise LimitError(f"{name}: expected at most {allowed}, got {value} (raise Limits.{name} to accept)")

    def spend(self, steps: int) -> None:
        """Raise `LimitError` if so many steps, with those spent on the same file before, are more than `work`."""
        self.check("work", steps)

    def of_one_file(self) -> Limits:
        """The same budgets, which remember what they spend: for the thread that reads one file, and no longer."""
        return _Spending(**vars(self))


NO_LIMITS = Limits(**{each.name: 1 << 40 for each in fields(Limits)})
"""For files that we wrote: what their sources may ask for was checked, and they may be larger."""


@dataclass(frozen=True)
class _Spending(Limits):
    """Limits with a count of work; once it is spent, every further step is refused."""

    spent: list[int] = field(default_factory=lambda: [0], repr=False, compare=False)

    def spend(self, steps: int) -> None:
        self.spent[0] += steps
        self.check("work", self.spent[0])

    def of_one_file(self) -> Limits:
        return self


def printable(text: str) -> str:
    """The text in one line, with escapes for what would steer a terminal: names in and of files hold anything."""
    return text if text.isprintable() else "".join(map(_printable_letter, text))


def _printable_letter(letter: str) -> str:
    is_space = unicodedata.category(letter) == "Zs"  # all but the common one count as not printable
    return letter if letter.isprintable() or is_space else letter.encode("unicode_escape").decode()


def listed(names: Iterable[str], word: str = "or") -> str:
    """``.json or .csv``."""
    *others, last = names
    return f"{', '.join(others)} {word} {last}" if others else last


def error_line(error: BaseException, *, below: object = None) -> str:
    """What an error says, in one line; the path that it is about first, where there is one.

    Errors that nobody raised on purpose keep the name of their class.

    Args:
        below: A path that the line is told of already; the line does not begin with it again.
    """
    line = _line_of(error)
    return line if below is None else line.removeprefix(f"{below}: ")


def _line_of(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory for this picture"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    text = " ".join(str(error).split())
    if isinstance(error, (GainMapError, OSError, ValueError)):
        return text
    return f"{type(error).__name__}: {text}"
