"""Every option reaches its command under its own name and type, with the default that the library has."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click
import pytest

from gainmap_codec.cli.main import gainmap
from gainmap_codec.codec.options import BatchOptions, DecodeOptions, EncodeOptions, TranscodeOptions
from gainmap_codec.pixels.formats import saving

COMMANDS = sorted(gainmap.commands)
LIBRARY: dict[str, Any] = {
    "encode": EncodeOptions(),
    "decode": DecodeOptions(),
    "transcode": TranscodeOptions(),
    "batch": BatchOptions(),
}


def literals(hint: Any) -> set[object]:
    """The values that a Literal, or a union with one, allows."""
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return {value for part in get_args(hint) for value in literals(part)}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_a_typed_parameter(name: str) -> None:
    command = gainmap.commands[name]
    assert command.callback is not None
    hints = get_type_hints(command.callback)
    parameters = inspect.signature(command.callback).parameters
    assert all(parameter.kind is not inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    asked = get_type_hints(hints["options"]) if "options" in parameters else {}
    names = {str(parameter.name) for parameter in command.params}
    assert names - set(asked) == set(parameters) - {"options"}
    hints |= asked
    for parameter in command.params:
        if isinstance(parameter.type, click.Choice) and literals(hints[str(parameter.name)]):
            assert set(parameter.type.choices) <= literals(hints[str(parameter.name)])


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_defaults_are_the_librarys(name: str) -> None:
    output = "out.npy" if name == "decode" else "out.jpg"
    given = gainmap.commands[name].make_context(name, ["in.jpg", "-o", output]).params
    known = {field.name: field.default for field in fields(LIBRARY[name])}
    shared = given.keys() & known.keys() - {"container"}
    assert len(shared) >= 5
    assert {option: str(given[option]) for option in shared} == {option: str(known[option]) for option in shared}


@pytest.mark.parametrize("name", ["transcode", "crop", "resize", "batch"])
def test_what_changes_photos_shares_one_set_of_options(name: str) -> None:
    names = {str(parameter.name) for parameter in gainmap.commands[name].params}
    shared = {field.name for field in fields(TranscodeOptions)} - {"box", "limits"}
    assert shared <= names
    assert ("box" in names) == (name == "crop")


def test_batch_takes_what_encode_takes_of_a_picture() -> None:
    """Under the same names, and all of it that is not about one picture: its SDR one, and its kind by name."""
    encode, batch = ({str(each.name) for each in gainmap.commands[name].params} for name in ("encode", "batch"))
    assert encode - batch == {"hdr", "sdr", "to", "base_chroma"}, "chroma is transcode's name"


@pytest.mark.parametrize("suffix", sorted(saving.EXTENSIONS))
def test_decode_writes_what_pictures_can_be_saved_as(suffix: str) -> None:
    gainmap.commands["decode"].make_context("decode", ["in.jpg", "-o", f"out{suffix}"])
