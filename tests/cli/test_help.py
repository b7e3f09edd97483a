"""Every command's help has examples, and the command understands them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from gainmap_codec.cli.main import gainmap

COMMANDS = sorted(gainmap.commands)


def examples(name: str) -> list[str]:
    """The lines below "Example:" or "Examples:" in a command's help."""
    shown = gainmap.commands[name].get_help(click.Context(gainmap.commands[name], info_name=f"gainmap {name}"))
    found = re.search(r"^  Examples?:\n((?:    .+\n)+)", shown, re.MULTILINE)
    return [line.strip() for line in found[1].splitlines()] if found else []


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_parse(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("avif", "public", "web", "results", "my-encoder"):
        Path(folder).mkdir()
    lines = examples(name)
    assert lines
    for line in lines:
        assert len(line) <= 76, "wider than a terminal"
        program, command, *arguments = shlex.split(re.split(r"[|<]", line)[0])
        assert (program, command) == ("gainmap", name)
        with gainmap.commands[name].make_context(name, arguments):
            pass  # raises click.UsageError for what it does not understand


def test_what_does_not_parse_is_found() -> None:
    with pytest.raises(click.UsageError):
        gainmap.commands["crop"].make_context("crop", ["photo.jpg", "--no-such-option"])


@pytest.mark.parametrize(
    ("name", "carry"), [("web", "[default: standard]"), ("transcode", "Default: those that are there")]
)
def test_a_command_tells_its_own_defaults(name: str, carry: str) -> None:
    command = gainmap.commands[name]
    context = click.Context(command, info_name=f"gainmap {name}", **command.context_settings)
    shown = " ".join(command.get_help(context).split("\nOptions:\n")[1].split())
    options = {word: shown[shown.index(f" --{word} ") :] for word in ("carry", "strip", "preset", "quality")}
    assert carry in options["carry"][: options["carry"].index(" --strip ")]
    own = name == "web"
    assert ("[default: gps]" in options["strip"][: options["strip"].index(" --preset ")]) == own
    assert (
        f"[default: {'web' if own else 'balanced'}]" in options["preset"][: options["preset"].index(" --target-bytes")]
    )
    assert ("as --preset has it" in options["quality"][: options["quality"].index(" --chroma ")]) == own


def test_the_program_names_its_commands_and_where_to_start() -> None:
    shown = gainmap.get_help(click.Context(gainmap, info_name="gainmap"))
    assert all(re.search(rf"^  {name} +\S", shown, re.MULTILINE) for name in COMMANDS)
    for line in re.findall(r"^    (gainmap .+)$", shown, re.MULTILINE):
        assert line.split()[1] in COMMANDS
    assert "gainmap encode scene.exr -o scene.jpg" in shown
