"""Folders of photos, what a batch leaves of them, and work for engines, whose processes have to import it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import imagecodecs
import numpy as np

from gainmap_codec.batch.planning import STATE
from gainmap_codec.batch.records import Job, PhotoRecord
from gainmap_codec.codec.options import BatchOptions
from gainmap_codec.pixels.strips import THREADS
from support import pipeline_files as files

MANY = 80


def make_photos(folder: Path) -> Path:
    """A folder with a photo of each kind, and a broken one."""
    (folder / "2025/may").mkdir(parents=True)
    (folder / "one.jpg").write_bytes(files.made(standard=True))
    (folder / "2025/both.jpg").write_bytes(files.both())
    (folder / "2025/may/sdr.JPG").write_bytes(files.plain())
    (folder / "2025/may/bad.jpg").write_bytes(files.made(standard=True)[:100])
    (folder / "2025/notes.txt").write_text("no photo")
    (folder / ".hidden.jpg").write_bytes(files.plain())
    return folder


def make_many(folder: Path) -> Path:
    """A folder of photos that are alike."""
    folder.mkdir()
    for index in range(MANY):
        (folder / f"{index:02}.jpg").write_bytes(files.made(standard=True))
    return folder


def make_shots(folder: Path, count: int = 2) -> Path:
    """A folder of HDR screenshots, by jxrlib: a desktop of greys and colours, and a highlight that differs."""
    (folder / "game").mkdir(parents=True)
    for index in range(count):
        pixels = np.repeat(np.linspace(0, 203 / 80, 64, dtype=np.float16)[np.newaxis, :, np.newaxis], 3, axis=2)
        pixels = np.repeat(pixels, 48, axis=0)
        pixels[24:, :32] = (0.1, 0.6, 1.2)
        pixels[24:, 32:] = 4 + 4 * index
        (folder / f"game/{index}.jxr").write_bytes(imagecodecs.jpegxr_encode(pixels))
    return folder


def job(source: str, target: object = "") -> Job:
    """A job that only its names tell from others."""
    return Job(source, str(target), "", BatchOptions())


def outputs(folder: Path) -> dict[str, bytes]:
    """What is in an output folder, the batch's own records left out."""
    found = (path for path in folder.rglob("*") if path.is_file() and STATE not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def tell_threads(job: Job) -> PhotoRecord:
    """Work that gives the number of threads of its process as the target."""
    return PhotoRecord(job.source, str(THREADS), "converted")


def die_once(job: Job) -> PhotoRecord:
    """A worker that is killed by "poison", and once by any other name whose target does not exist yet."""
    if job.source == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    marker = Path(job.target)
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.02)
    return PhotoRecord(job.source, str(THREADS), "converted")


def die_of_poison(job: Job) -> PhotoRecord:
    """A worker that is killed by "poison" alone."""
    if job.source == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    return PhotoRecord(job.source, "", "converted")
