"""The command line, run as a user runs it: exit codes, one clear line, whole files or none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.cli import inspect as inspecting
from gainmap_codec.cli import main as cli
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.scene import render_scene
from support.command_line import COMMAND, failure, run, run_process
from support.paths import FIXTURES


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "scene.exr"
    HdrImage(render_scene(width=96, height=64)).save(path)
    return path


@pytest.fixture(scope="module")
def photo(scene: Path) -> Path:
    path = scene.with_name("photo.jpg")
    path.write_bytes(gm.encode(scene, carry="standard"))
    return path


def test_encode_decode_inspect(scene: Path, tmp_path: Path) -> None:
    encoded, decoded = tmp_path / "out.jpg", tmp_path / "out.exr"
    done = run_process("encode", scene, "-o", encoded)
    assert (done.returncode, done.stderr) == (0, "")
    assert "neural gain map" in done.stdout and "standard gain map" in done.stdout
    assert run_process("decode", encoded, "-o", decoded, "--prefer", "neural", "--quiet").stdout == ""
    assert gm.decode(encoded).pixels.shape == (64, 96, 3)
    assert decoded.stat().st_size > 0
    shown = run_process("inspect", encoded).stdout
    assert "96 x 64" in shown and "Neural gain map" in shown and "Standard gain map" in shown
    assert json.loads(run_process("inspect", encoded, "--json").stdout)["payload"]["bytes"] <= 2500
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["out.exr", "out.jpg"]


def test_encode_says_where_the_neural_map_dims_highlights(tmp_path: Path) -> None:
    light = np.full((64, 64, 3), 0.5, np.float32)
    light[16::32, 16::32] = 30
    np.save(tmp_path / "dots.npy", light)
    done = run("encode", tmp_path / "dots.npy", "-o", tmp_path / "dots.jpg", "--carry", "neural", "--preset", "tiny")
    assert "\n    its brightest pixel has " in done.stdout


def test_options_reach_the_encoder(scene: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jpg"
    options = ("--carry", "standard", "--map-scale", "2", "--map-channels", "3", "--quiet")
    done = run("encode", scene, "-o", out, *options)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    gain_map = gm.inspect(out).to_dict()["gain_map"]
    assert (gain_map["width"], gain_map["height"], gain_map["channels"]) == (48, 32, 3)


def test_inspecting_a_plain_jpeg(photo: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.jpg"
    data = photo.read_bytes()
    plain.write_bytes(data[: data.index(b"\xff\xd9") + 2])
    done = run("inspect", plain)
    assert done.returncode == 0
    assert "No HDR: the photo has a gain map, but it cannot be used" in done.stdout


@pytest.mark.parametrize(
    ("file", "lines"),
    [
        ("jpeg/standard.jpg", ["JPEG, 16 x 16, sRGB", "HDR comes from the standard gain map (ISO 21496-1)"]),
        ("jpeg/apple-xmp.jpg", ["JPEG, 16 x 16, sRGB", "HDR comes from the standard gain map (Apple)"]),
        ("jpeg/apple-maker-note.jpg", ["  headroom: 2.30 stops (4.92 times SDR white), by the camera's maker note"]),
        ("heif/tmap.heic", ["HEIC, 64 x 64, sRGB", "The file says: up to 2.00 stops above SDR white, 812 nits"]),
        ("heif/tmap-turned.avif", ["AVIF, 16 x 16, stored turned, sRGB"]),
        (
            "heif/tmap-hdr-base.avif",
            [
                "AVIF, 16 x 16, BT.2020 PQ, 10 bits",
                "HDR comes from the picture itself; the gain map makes the SDR rendition",
            ],
        ),
        ("heif/base-10-bit.avif", ["HDR comes from the picture itself"]),
        ("heif/payload.avif", ["HDR comes from the neural gain map", "  made for this very base"]),
        ("jpeg/motion-photo.jpg", ["Beside the pictures:", "  a video, as of a motion photo: 112 bytes at byte 2,444"]),
        ("invalid/tmap-broken-map-apple-spare.heic", ["HDR comes from the standard gain map (Apple)"]),
    ],
)
def test_inspect_in_words(file: str, lines: list[str]) -> None:
    shown = run("inspect", FIXTURES / file).stdout.splitlines()
    assert [line for line in lines if line not in shown] == []


def test_inspect_describes_hdr_pictures(scene: Path) -> None:
    shown = run("inspect", scene).stdout.splitlines()
    assert shown[1] == "HDR comes from the picture itself; no gain map"
    assert shown[0].startswith("OpenEXR, 96 x 64")
    assert json.loads(run("inspect", scene, "--json").stdout)["format"] == "OpenEXR"


def test_conformance_tells_files_whose_map_yields_nothing(tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "good" / "bad"
    bad.mkdir(parents=True)
    (good / "notes.txt").write_text("not a picture")
    for file in ("jpeg/both.jpg", "heif/tmap.heic", "heif/base-16x16.avif"):
        (good / Path(file).name).write_bytes((FIXTURES / file).read_bytes())
    done = run("conformance", good)
    assert (done.returncode, done.stderr) == (0, "")
    header, *rows, summary = done.stdout.splitlines()
    assert header.split()[:3] == ["file", "kind", "metadata"]
    assert summary == "3 files, 0 with a problem"
    assert [row.split()[0] for row in rows] == ["base-16x16.avif", "both.jpg", "tmap.heic"]
    assert ["neural" in row for row in rows] == [False, True, False]
    for file in ("tmap-no-brand.avif", "map-12-bit.jpg", "no-meta.avif", "map-broken.avif"):
        (bad / file).write_bytes((FIXTURES / "invalid" / file).read_bytes())
    done = run("conformance", good)
    assert done.returncode == 1
    assert done.stderr == "gainmap: 4 of 7 files with a problem\n"
    assert "expected the brand tmap" in done.stdout and "12 bits" in done.stdout and "box meta" in done.stdout
    assert run("conformance", tmp_path / "none").returncode == 1


@pytest.mark.parametrize("command", ["encode", "decode", "inspect", "demo"])
def test_missing_file(command: str, tmp_path: Path) -> None:
    out = {
        "encode": ("-o", tmp_path / "x.jpg"),
        "decode": ("-o", tmp_path / "x.exr"),
        "demo": ("--out", tmp_path / "x"),
    }
    line = failure(command, tmp_path / "nowhere.jpg", *out.get(command, ()))
    assert "nowhere.jpg" in line and "No such file" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [("decode", "-o", "x.exr"), ("inspect",), ("demo", "--out", "x")])
def test_damaged_file(command: tuple[str, ...], photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cut.jpg").write_bytes(photo.read_bytes()[:200])
    failure(command[0], "cut.jpg", *command[1:])
    assert [path.name for path in tmp_path.iterdir()] == ["cut.jpg"]


def test_output_folder_must_exist(photo: Path, tmp_path: Path) -> None:
    assert "nowhere: no such folder" in failure("decode", photo, "-o", tmp_path / "nowhere" / "x.exr")


@pytest.mark.parametrize(
    "arguments",
    [
        ("encode", "a.exr"),
        ("encode", "a.exr", "-o", "b.webp"),
        ("encode", "a.exr", "-o", "b.jpg", "--carry", "nothing"),
        ("encode", "a.exr", "-o", "b.jpg", "--map-scale", "0"),
        ("decode", "a.jpg", "-o", "b.bmp"),
        ("decode", "a.jpg", "-o", "b.exr", "--headroom", "-1"),
        ("inspect",),
        ("paint", "a.jpg"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "Usage: gainmap" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_and_version() -> None:
    assert "Exit codes" in run("--help").stdout
    assert run("--version").stdout.startswith("gainmap, version ")
    for command in ("encode", "decode", "inspect", "demo"):
        shown = run(command, "--help")
        assert shown.returncode == 0
        assert f"gainmap {command}" in shown.stdout.split("Examples:")[1]


def run_in_process(monkeypatch: pytest.MonkeyPatch, work: object) -> int:
    """Exit code of ``gainmap inspect x.jpg`` where reading the file is `work`."""
    monkeypatch.setattr(inspecting, "read_source", work)
    monkeypatch.setattr(sys, "argv", ["gainmap", "inspect", "x.jpg", "--json"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return int(stop.value.code or 0)


def test_warnings_of_reports_are_lines(tmp_path: Path) -> None:
    done = run("decode", FIXTURES / "invalid/payload-bad-crc.jpg", "-o", tmp_path / "x.npy")
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("gainmap: warning: ") and "checksum" in line
    done = run("encode", FIXTURES / "heif/payload.avif", "-o", tmp_path / "x.jpg", "--carry", "standard", "-q")
    assert done.returncode == 0
    assert all(line.startswith("gainmap: warning: ") for line in done.stderr.splitlines())


@pytest.mark.parametrize(
    "command", [("decode", "-o", "x.npy"), ("encode", "--carry", "standard", "--sdr", "cut.jpg", "-o", "x.jpg")]
)
def test_damaged_sources_are_named(
    command: tuple[str, ...], scene: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cut.jpg").write_bytes(photo.read_bytes()[:-2])
    source = scene if command[0] == "encode" else "cut.jpg"
    done = run(command[0], source, *command[1:])
    assert done.returncode == 0
    assert any(line.startswith("gainmap: warning: cut.jpg: damaged: ") for line in done.stderr.splitlines())
    done = run(command[0], source, *command[1:], "--overwrite", "--strict")
    assert done.returncode == 1 and done.stderr.splitlines()[-1] == "gainmap: 1 of 1 files damaged"


def test_interrupt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object, **options: object) -> None:
        raise KeyboardInterrupt

    assert run_in_process(monkeypatch, interrupted) == 130
    assert capsys.readouterr().err == "gainmap: interrupted\n"


@pytest.mark.parametrize("error", [gm.GainMapError("a\nb"), MemoryError(), ValueError("sizes differ")])
def test_errors_are_one_line(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*_: object, **options: object) -> None:
        raise error

    assert run_in_process(monkeypatch, failing) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("gainmap: ")


def test_a_broken_pipe_is_quiet(photo: Path) -> None:
    command = [*COMMAND, "inspect", str(photo), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
