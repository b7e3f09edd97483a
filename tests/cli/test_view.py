"""`gainmap view`: the page, the report beside it, and what becomes of bad files."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gainmap_codec.cli.main import gainmap
from gainmap_codec.files.payload.format import parse_payload
from support.paths import FIXTURES


def view(*arguments: str) -> Result:
    return CliRunner().invoke(gainmap, ["view", *arguments])


def files_in(page: str) -> list[dict[str, Any]]:
    found = re.search(r'<script type="application/json" id="files">(.*?)</script>', page, re.DOTALL)
    assert found
    shown: list[dict[str, Any]] = json.loads(found[1])
    return shown


def test_writes_a_page_beside_a_short_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = view(str(FIXTURES / "jpeg/both.jpg"))
    assert (done.exit_code, [path.name for path in tmp_path.iterdir()]) == (0, ["both.html"])
    assert done.output.startswith("both.html: ")
    (shown,) = files_in((tmp_path / "both.html").read_text("utf-8"))
    assert (shown["name"], shown["prefer"], shown["width"], shown["height"]) == ("both.jpg", "neural", 16, 16)
    assert parse_payload(base64.b64decode(shown["neural"]["payload"])).neural_psnr == 47.25
    assert sum(size for _, size in shown["sums"]) == shown["bytes"] == (FIXTURES / "jpeg/both.jpg").stat().st_size
    assert shown["description"].startswith("JPEG, 16 × 16, sRGB")


def test_bad_files_are_reported_and_the_others_shown(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = view(str(FIXTURES / "jpeg/both.jpg"), "nope.jpg", str(Path(__file__)), "-o", str(page))
    assert done.exit_code == 1
    assert "gainmap: nope.jpg: No such file or directory" in done.output
    assert "gainmap: 2 of 3 files failed" in done.output
    assert [shown["name"] for shown in files_in(page.read_text("utf-8"))] == ["both.jpg"]


@pytest.mark.parametrize(
    "arguments", [("nope.jpg",), ("nope.jpg", "nor-this.jpg"), (str(FIXTURES / "invalid/truncated-header.jpg"),)]
)
def test_without_a_good_file_no_page(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = view(*arguments, "-o", str(tmp_path / "page.html"))
    assert done.exit_code == 1 and not list(tmp_path.iterdir())


def test_output_is_checked_first(tmp_path: Path) -> None:
    assert view(str(FIXTURES / "jpeg/both.jpg"), "-o", str(tmp_path / "page.jpg")).exit_code == 2
    done = view(str(FIXTURES / "jpeg/both.jpg"), "-o", str(tmp_path / "nowhere/page.html"))
    assert isinstance(done.exception, FileNotFoundError)


def test_notes_are_told_unless_quiet(tmp_path: Path) -> None:
    arguments = (str(FIXTURES / "heif/tmap.avif"), "-o", str(tmp_path / "page.html"))
    _, note = view(*arguments).output.splitlines()
    assert note.startswith("  tmap.avif: The page shows the picture as a JPEG")
    assert view(*arguments, "--quiet").output == ""


def test_a_folder_is_its_photos_and_those_of_the_folders_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holiday = tmp_path / "holiday"
    (holiday / "older").mkdir(parents=True)
    for name in ("b.jpg", "A.JPG", "older/c.jpg", "older/no-suffix"):
        (holiday / name).write_bytes((FIXTURES / "jpeg/both.jpg").read_bytes())
    (holiday / "notes.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(holiday)
    for folder in (".", str(holiday)):
        assert view(folder, "--overwrite").exit_code == 0
        shown = files_in((holiday / "holiday.html").read_text("utf-8"))
        assert [photo["name"] for photo in shown] == ["A.JPG", "b.jpg", "older/c.jpg", "older/no-suffix"]
    none = view("../empty", "-o", "two.html")
    assert str(none.exception).startswith("[Errno 2] no JPEG, HEIC, AVIF, JPEG XL, JPEG XR")


def test_a_page_in_the_way_is_told_without_its_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    many = tmp_path / "many"
    many.mkdir()
    for n in range(4):
        (many / f"{n}.jpg").write_bytes((FIXTURES / "jpeg/both.jpg").read_bytes())
    assert view("many").exit_code == 0
    again = view("many")
    assert str(again.exception) == "many.html is there already: nothing is done (--overwrite replaces it)"


def test_a_page_has_an_end(tmp_path: Path) -> None:
    for n in range(501):
        (tmp_path / f"{n}.jpg").touch()
    done = view(str(tmp_path), "-o", str(tmp_path / "page.html"))
    assert "expected at most 500 photos in a page, got 501" in str(done.exception)


def test_a_site_is_the_page_without_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    assert view("--site", str(site)).exit_code == 0
    assert [path.name for path in site.iterdir()] == ["index.html"]
    page = (site / "index.html").read_text("utf-8")
    assert files_in(page) == [] and "<title>HDR photo viewer" in page
    again = view("--site", str(site))
    assert isinstance(again.exception, FileExistsError) and "index.html is there already" in str(again.exception)
    assert view("--site", str(site), "--overwrite").exit_code == 0
    both = view("--site", str(tmp_path / "other"), str(FIXTURES / "jpeg/both.jpg"))
    assert both.exit_code == 2 and not (tmp_path / "other").exists()
    assert view().exit_code == 2
    monkeypatch.chdir(tmp_path)
    dash = view("--site", "-")
    assert dash.exit_code == 2 and "--site': expected a folder, got -" in dash.output and not Path("-").exists()


def test_the_browser_is_opened_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_page(address: str) -> bool:
        opened.append(address)
        return len(opened) == 1

    monkeypatch.setattr("webbrowser.open", open_page)
    page = tmp_path / "page.html"
    arguments = (str(FIXTURES / "jpeg/both.jpg"), "-o", str(page), "--overwrite")
    assert view(*arguments).exit_code == 0 and opened == []
    assert view(*arguments, "--open").exit_code == 0 and opened == [page.as_uri()]
    done = view(*arguments, "--open")
    assert done.exit_code == 0 and f"gainmap: no browser could be started: open {page} by hand" in done.output


def test_the_page_goes_to_standard_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = view(str(FIXTURES / "jpeg/both.jpg"), "-o", "-")
    assert (done.exit_code, list(tmp_path.iterdir())) == (0, [])
    assert [photo["name"] for photo in files_in(done.stdout)] == ["both.jpg"]
    assert (
        done.stdout.startswith("<!doctype html>")
        and done.stderr == f"standard output: {len(done.stdout_bytes):,} bytes\n"
    )
    assert view(str(FIXTURES / "jpeg/both.jpg"), "-o", "-", "--open").exit_code == 2
