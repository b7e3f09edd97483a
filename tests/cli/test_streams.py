"""`-` in place of a file: a photo comes in by standard input and leaves by standard output, and words stay apart."""

from __future__ import annotations

import io
import os
import pty
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
from support import pipeline_files as files
from support.command_line import COMMAND, run, run_on
from support.paths import FIXTURES

PHOTO = (FIXTURES / "jpeg/standard.jpg").read_bytes()


def piped(*arguments: object, data: bytes = PHOTO) -> subprocess.CompletedProcess[bytes]:
    """The finished command, which was given `data`."""
    return run_on(data, *arguments)


def test_a_photo_passes_through_in_another_format() -> None:
    command = [*COMMAND, "transcode", "-", "-o", "-", "--to", "avif"]
    done = subprocess.run(command, input=PHOTO, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0
    assert gm.inspect(done.stdout).container == "avif"
    first, *notes = done.stderr.decode().splitlines()
    assert first == f"standard output: {len(done.stdout):,} bytes"
    assert notes and all(line.startswith("  ") for line in notes)


def test_without_a_format_it_keeps_its_own() -> None:
    for command in (("transcode",), ("crop", "--box", "0,0,8,8"), ("resize", "--size", "8x"), ("flip",)):
        done = piped(command[0], "-", "-o", "-", *command[1:], "-q")
        assert (done.returncode, done.stderr) == (0, b"")
        assert gm.inspect(done.stdout).container == "jpeg"
    assert done.stdout == gm.flip(PHOTO, "horizontal")


@pytest.mark.parametrize("kind", ["exr", "png", "npy"])
def test_decode_writes_what_a_file_would_hold(kind: str, tmp_path: Path) -> None:
    done = piped("decode", "-", "-o", "-", "--to", kind)
    gm.decode(PHOTO).save(tmp_path / f"photo.{kind}")
    assert done.stdout == (tmp_path / f"photo.{kind}").read_bytes()
    assert done.stderr == b"standard output: 16 x 16, made from the standard gain map\n"


def test_encode_takes_either_picture(tmp_path: Path) -> None:
    image = gm.decode(PHOTO)
    image.save(tmp_path / "hdr.exr")
    image.to_sdr().save(tmp_path / "sdr.png")
    hdr, sdr = (tmp_path / name for name in ("hdr.exr", "sdr.png"))
    common = ("-o", "-", "--to", "jpeg", "--carry", "standard", "-q")
    by_hdr = piped("encode", "-", "--sdr", sdr, *common, data=hdr.read_bytes())
    by_sdr = piped("encode", hdr, "--sdr", "-", *common, data=sdr.read_bytes())
    assert by_hdr.stdout == by_sdr.stdout == gm.encode(hdr, sdr, carry="standard")
    done = piped("encode", "-", "--sdr", "-", *common)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"expected - once, got it twice" in done.stderr


def test_parts_of_a_photo_that_comes_in(tmp_path: Path) -> None:
    assert piped("extract", "-", "-o", tmp_path / "parts").returncode == 0
    assembled = run_bytes("assemble", tmp_path / "parts", "-o", "-", "--to", "jpeg")
    np.testing.assert_array_equal(gm.decode(assembled).pixels, gm.decode(PHOTO).pixels)
    assert gm.inspect(piped("swap", "-", "-o", "-", "--to", "avif", "-q").stdout).container == "avif"


def run_bytes(*arguments: object) -> bytes:
    done = piped(*arguments, data=b"")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_file_may_be_called_as_messages_call_the_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("standard input").write_bytes(PHOTO)
    assert run("flip", "standard input", "-o", "standard output.jpg", "-q").returncode == 0
    Path("-").write_bytes(PHOTO)
    assert run("flip", "./-", "-o", "dash.jpg", "-q").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("decode", "-", "-o", "-"), "expected --to beside -o -"),
        (("encode", "-", "-o", "-"), "expected --to beside -o -"),
        (("decode", "-", "-o", "a.png", "--to", "exr"), "--to: expected the format that -o is named by, png, got exr"),
        (("flip", "-", "-", "-o", "-"), "expected a folder for several files, got -"),
        (("flip", "-", "-o", "."), "expected -o to name a file for what comes from standard input, got a folder"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], line: str) -> None:
    done = piped(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert line in done.stderr.decode()


@pytest.mark.parametrize("data", [b"", b"abc"])
def test_what_is_no_photo(data: bytes) -> None:
    done = piped("transcode", "-", "-o", "-", data=data)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"gainmap: standard input: expected a JPEG, HEIC, AVIF or JPEG XL file, got ")


def test_terminals_are_no_photos() -> None:
    ours, terminal = pty.openpty()
    for arguments, streams in (
        (("flip", FIXTURES / "jpeg/standard.jpg", "-o", "-"), {"stdout": terminal}),
        (("flip", "-", "-o", "-"), {"stdin": terminal, "stdout": subprocess.PIPE}),
    ):
        command = [*COMMAND, *map(str, arguments)]
        done = subprocess.run(command, stderr=subprocess.PIPE, timeout=60, check=False, **streams)  # type: ignore[call-overload]
        assert done.returncode == 2
        assert b"expected a file or a pipe at standard " in done.stderr
    os.close(ours)
    os.close(terminal)


def test_closed_streams_are_told() -> None:
    for closed, name in (("<&-", "input"), (">&-", "output")):
        done = subprocess.run(
            ["sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND, "flip", "-", "-o", "-"],
            input=PHOTO,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr.decode() == f"gainmap: standard {name}: expected it to be open, got it closed\n"


def test_a_reader_that_has_enough_ends_it_quietly(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(files.made(standard=True))
    command = [*COMMAND, "decode", str(path), "-o", "-", "--to", "npy", "-q"]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert program.stdout is not None and program.stderr is not None
    program.stdout.close()
    assert (program.stderr.read(), program.wait(60)) == (b"", 1)
    program.stderr.close()


def test_pillow_reads_what_comes_out() -> None:
    turned = piped("rotate", "-", "-o", "-", "--degrees", "90", "-q").stdout
    with Image.open(io.BytesIO(turned)) as image:
        assert image.getexif()[0x0112] == 6


def test_inspect_tells_of_what_comes_in(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(PHOTO)
    expected = run("inspect", tmp_path / "photo.jpg", "--json").stdout
    assert piped("inspect", "-", "--json").stdout.decode() == expected
    gm.decode(PHOTO).save(tmp_path / "hdr.exr")
    assert b"OpenEXR" in piped("inspect", "-", data=(tmp_path / "hdr.exr").read_bytes()).stdout
    assert piped("inspect", "-", tmp_path / "photo.jpg").stdout.startswith(b"standard input\n")
    assert piped("inspect", "-", "-").returncode == 2
