"""One page that holds all and trusts nothing; test_viewer_tool.py opens it in a browser."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import gainmap_codec as gm
from gainmap_codec.view.contents import shown_file
from gainmap_codec.view.page import assemble_page, bundled_script
from support.paths import FIXTURES, ROOT


def files_in(page: str) -> list[dict[str, Any]]:
    found = re.search(r'<script type="application/json" id="files">(.*?)</script>', page, re.DOTALL)
    assert found
    shown: list[dict[str, Any]] = json.loads(found[1])
    return shown


def test_loads_nothing_and_allows_its_own_script_alone() -> None:
    page = assemble_page([shown_file(FIXTURES / "jpeg/both.jpg", gm.Limits())]).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy and policy[1].startswith("default-src 'none'; ") and "unsafe" not in policy[1]
    for tag, directive in (('<script type="module">', "script-src"), ("<style>", "style-src")):
        text = page.split(tag)[1].split(f"</{tag[1:6]}")[0]
        digest = base64.b64encode(sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy[1]
    # Namespaces of XMP are names, not addresses.
    assert not re.search(r"https?://(?!ns\.(adobe|apple)\.com/)|\bfetch\(|\bimport\(| src=\"(?!data:)| style=\"", page)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed (apt-get install nodejs)")
def test_the_script_is_whole(tmp_path: Path) -> None:
    script = tmp_path / "page.mjs"
    script.write_text(bundled_script(), "utf-8")
    subprocess.run(["node", "--check", str(script)], check=True)
    assert not re.search(r"^\s*(import|export)\b", bundled_script(), re.MULTILINE)


def test_text_of_files_ends_no_element(tmp_path: Path) -> None:
    hostile = tmp_path / "<img src=x onerror=alert(1)>&.jpg"
    hostile.write_bytes((FIXTURES / "jpeg/both.jpg").read_bytes())
    page = assemble_page([shown_file(hostile, gm.Limits())] * 2).decode()
    assert "<img src=x" not in page and "</script" not in page.split('id="files">')[1].split("</script>")[0]
    assert files_in(page)[0]["name"] == hostile.name


def test_all_modules_are_in_the_script() -> None:
    """A module that nobody lists would be missed in the page alone."""
    names = {path.stem for path in (ROOT / "src/gainmap_codec/view/static").glob("*.js")}
    assert set(re.findall(r"^const \$(\w+) = \(\(\) => \{$", bundled_script(), re.MULTILINE)) == names


def test_the_title_tells_what_is_shown() -> None:
    shown = [shown_file(FIXTURES / f"jpeg/{name}.jpg", gm.Limits()) for name in ("both", "standard")]
    assert "<title>both.jpg" in assemble_page(shown[:1]).decode()
    assert "<title>2 pictures" in assemble_page(shown).decode()
