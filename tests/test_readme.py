"""Every line of README's first screen works when typed, in a folder of its own."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from gainmap_codec.cli.main import gainmap
from support.paths import ROOT

README = (ROOT / "README.md").read_text("utf-8")
FIRST_SCREEN = README.split("\n## ")[0]


def lines_of(text: str) -> list[list[str]]:
    """The words of each command line."""
    return [shlex.split(line, comments=True) for line in re.findall(r"^ {4}(\S.*)$", text, re.MULTILINE)]


def type_in(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what a shell would."""
    if words[0] == "cd":
        monkeypatch.chdir(words[1])
        return
    assert words[0] == "gainmap"
    done = CliRunner().invoke(gainmap, words[1:], catch_exceptions=False, standalone_mode=False)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    if "-o" in words:
        assert Path(words[words.index("-o") + 1]).exists()


@pytest.mark.usefixtures("short_fits")
def test_first_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    install, *commands = lines_of(FIRST_SCREEN)
    assert install == ["pip", "install", "gainmap-codec"]
    for words in commands:
        type_in(words, monkeypatch)
    assert Path("scene.html").exists()
    (block,) = re.findall(r"^```python\n(.*?)^```$", FIRST_SCREEN, re.MULTILINE | re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})  # our own text, that is the point of the test
    assert Path("scene_pq.avif").exists()


def test_later_commands_are_ones_that_there_are() -> None:
    commands = [words for words in lines_of(README) if words[0] == "gainmap"]
    assert len(commands) > 12
    for _, name, *arguments in commands:
        command = gainmap.commands[name]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in arguments if word.startswith("-")} <= known, name
