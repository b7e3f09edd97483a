"""What the library says in Python's names, as somebody says it who typed options."""

from __future__ import annotations

import re
from dataclasses import fields

from gainmap_codec.codec.options import BatchOptions, DecodeOptions, EncodeOptions
from gainmap_codec.errors import FormatError, error_line

_TYPED_OTHERWISE = {"container": "to"}
_NOT_TYPED = {"limits", "exif", "xmp", "icc_profile", "out", "dtype", "orientation"}
_IN_METADATA = {"headroom"}  # of a gain map, too
OPTIONS = {
    each.name: f"--{_TYPED_OTHERWISE.get(each.name, each.name).replace('_', '-')}"
    for record in (BatchOptions, DecodeOptions, EncodeOptions)
    for each in fields(record)
    if each.name not in _NOT_TYPED | _IN_METADATA
}
"""What is typed for each argument."""

_ANY = "|".join(OPTIONS)
_LIST = rf"(?:^|(?<=: ))(?:{_ANY})(?:(?:, | and )(?:{_ANY}))*"
_REFUSED = re.compile(rf"{_LIST}(?=: expected )")
_IDLE = re.compile(rf"{_LIST}(?=(?: \w+)? changes? nothing: )")
_VALUE = re.compile(rf'\b({_ANY})="(\w+)"')
_PLAIN = re.compile(rf"(?<![\w./\\-])(?:{'|'.join(name for name in OPTIONS if '_' in name)})(?=[,: ]|$)")
_LIMIT = re.compile(r"\(raise (Limits\.\w+) to accept\)")


def error_as_typed(error: BaseException, *, below: object = None) -> str:
    """As `error_line`, with options for arguments; what a file's own errors call a box or a size is none."""
    line = error_line(error, below=below)
    if isinstance(error, FormatError):
        return line
    return as_typed(_options(_REFUSED, line) if isinstance(error, ValueError) else line)


def as_typed(line: str) -> str:
    """The line, which may be about a file, with options for arguments; limits are raised in Python alone."""
    line = _LIMIT.sub(r"(only Python can allow more: \1)", line)
    line = _VALUE.sub(lambda found: f"{OPTIONS[found[1]]} {found[2]}", line)
    return _PLAIN.sub(lambda found: OPTIONS[found[0]], _options(_IDLE, line))


def _options(where: re.Pattern[str], line: str) -> str:
    return where.sub(lambda found: re.sub(rf"\b(?:{_ANY})\b", lambda name: OPTIONS[name[0]], found[0]), line)
