"""What the library says in Python's names, as somebody says it who typed options."""

from __future__ import annotations

import re
from dataclasses import fields

from gainmap_codec.codec.options import BatchOptions, DecodeOptions, EncodeOptions

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
_LIST = re.compile(rf"(?:^|(?<=: ))(?:{_ANY})(?:(?:, | and )(?:{_ANY}))*(?=(?: \w+)?: expected | changes? nothing: )")
_VALUE = re.compile(rf'\b({_ANY})="(\w+)"')
_PLAIN = re.compile(rf"(?<![\w./\\-])(?:{'|'.join(name for name in OPTIONS if '_' in name)})(?=[,: ]|$)")
_LIMIT = re.compile(r"\(raise (Limits\.\w+) to accept\)")


def as_typed(line: str) -> str:
    """The line with options for arguments; limits are raised in Python alone."""
    line = _LIMIT.sub(r"(only Python can allow more: \1)", line)
    line = _VALUE.sub(lambda found: f"{OPTIONS[found[1]]} {found[2]}", line)
    line = _LIST.sub(lambda found: re.sub(rf"\b(?:{_ANY})\b", lambda name: OPTIONS[name[0]], found[0]), line)
    return _PLAIN.sub(lambda found: OPTIONS[found[0]], line)
