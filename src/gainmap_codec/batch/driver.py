"""`convert`: all photos, one engine, one report."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import perf_counter

from gainmap_codec.batch.cluster import LOCAL, DaskEngine
from gainmap_codec.batch.engines import Engine, LocalEngine
from gainmap_codec.batch.planning import STATE, plan, results_left
from gainmap_codec.batch.records import BatchReport, PassedOver, PhotoRecord
from gainmap_codec.batch.storage import absolute, check_place, is_url, location
from gainmap_codec.batch.work import convert_photo
from gainmap_codec.codec.options import DEFAULT_EFFORT, AnyPreset, Auto, BatchOptions, Carry, KindOfBase, Strip
from gainmap_codec.codec.torch_needed import check_torch_for
from gainmap_codec.errors import Limits
from gainmap_codec.files.records import Container
from gainmap_codec.pixels.color.light import ColorSpace
from gainmap_codec.pixels.formats.coded_image import Chroma
from gainmap_codec.pixels.formats.sources import AnyPath, check_several

_LEFTOVER = re.compile(r"\..*\.[0-9a-f]{12}\.tmp", re.DOTALL)


def convert(
    sources: Sequence[AnyPath],
    folder: AnyPath,
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    progress: Callable[[PhotoRecord | None, int], None] | None = None,
    container: Container | None = None,
    base: KindOfBase | None = None,
    carry: Carry | None = None,
    strip: Strip | None = None,
    size: tuple[int | None, int | None] | None = None,
    fit: tuple[int, int] | int | None = None,
    enlarge: bool = False,
    quality: int | None = None,
    chroma: Chroma | None = None,
    base_bits: int | None = None,
    base_color_space: ColorSpace = "srgb",
    sdr_white: float | None = None,
    speed: int | None = None,
    map_quality: int | None = None,
    map_scale: int | Auto | None = None,
    map_channels: int | Auto | None = None,
    map_bits: int | Auto | None = None,
    max_bytes: int | None = None,
    preset: AnyPreset = "balanced",
    target_bytes: int | None = None,
    target_psnr: float | None = None,
    device: str = "auto",
    seed: int = 0,
    effort: int = DEFAULT_EFFORT,
    limits: Limits = Limits(),
    keep_suffix: bool = False,
    update: bool = False,
    overwrite: bool = False,
) -> BatchReport:
    """Convert photos and folders of photos, each as `transcode` does; what was done before is not done again.

    HDR pictures become photos, as `encode` makes them: JPEG files where no container is given, with both gain maps
    where `carry` says nothing; `size` and `fit` make them smaller in linear light.

    Args:
        sources: Paths or fsspec URLs of photos and HDR pictures, or of folders, in which JPEG, HEIC, AVIF and JPEG XL
            files and the HDR pictures ``.jxr``, ``.exr`` and ``.hdr`` are looked for by their suffixes; TIFF, PNG and
            npy have to be named. Pipes, devices and sockets are passed over.
        folder: Path or URL of the folder to write to, made where it is missing. Names stay, and folders within a source
            folder; of several source folders, each has a folder of its own name there. Suffixes follow the container.
            `.gainmap-batch` in it holds a record of each photo done.
        jobs: Processes; None is one for each processor.
        cluster: Address of a Dask scheduler, whose workers are to do it, or "local" for one of `jobs` workers that is
            started here. All of them need to see `sources` and `folder`.
        progress: Called with None before the first photo, and with each as it is done, and the number of all.
        container, base, carry, strip, size, fit, enlarge, quality, chroma, speed, map_quality, map_scale,
            map_channels, map_bits, max_bytes, preset, target_bytes, target_psnr, device, seed, effort: As of
            `transcode`.
        base_bits, base_color_space, sdr_white: Of HDR pictures, as of `encode`; photos keep theirs.
        limits: Budgets for what each photo may ask for.
        keep_suffix: Names keep the source's suffix before a new one: ``IMG_1.HEIC.jpg``.
        update: What an earlier run made of the same photos by other options may be replaced. By the same options it is
            anyway, where the photo was edited since.
        overwrite: Any files in `folder` may be replaced.
    Returns:
        What became of each photo, which files were passed over, and which ones of earlier runs are left in `folder`. A
        photo that failed is told there, and stops no other.
    Raises:
        ValueError: An option is out of its range; no photos; two that would become one file, be it that their names
            differ in case alone; or photos that lie in `folder`. Nothing is done then. Further pairs are the error's
            notes.
        FileExistsError: `folder` has a file of a photo's name that was not made of it by these options, and neither
            `update` nor `overwrite` allows to replace it. Nothing is done then. Further files are the error's notes.
        MissingDependencyError: The extra "scale", a file system of fsspec's, or torch for published networks is needed.
        OSError: A folder cannot be read or made, another batch is writing to it, no cluster is there, or no process can
            be started, as in a script without the line below.

    Processes are spawned: a script of yours has to call this under ``if __name__ == "__main__":``.
    """
    start = perf_counter()
    check_several(sources)
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs: expected at least 1, got {jobs}")
    if jobs is not None and cluster not in (None, LOCAL):
        raise ValueError(f"jobs: expected none with {cluster}, which has workers of its own, got {jobs}")
    options = BatchOptions(
        container=container,
        base=base,
        carry=carry,
        strip=strip,
        size=size,
        fit=fit,
        enlarge=enlarge,
        quality=quality,
        chroma=chroma,
        base_bits=base_bits,
        base_color_space=base_color_space,
        sdr_white=sdr_white,
        speed=speed,
        map_quality=map_quality,
        map_scale=map_scale,
        map_channels=map_channels,
        map_bits=map_bits,
        max_bytes=max_bytes,
        preset=preset,
        target_bytes=target_bytes,
        target_psnr=target_psnr,
        device=device,
        seed=seed,
        effort=effort,
        limits=limits,
    )
    if cluster is None and carry in ("neural", "both"):  # workers of a cluster have packages of their own
        check_torch_for(preset)
    if cluster is not None:
        sources, folder = [absolute(source) for source in sources], absolute(folder)
    passed_over: list[PassedOver] = []
    planned = plan(
        sources,
        folder,
        options,
        keep_suffix=keep_suffix,
        update=update,
        overwrite=overwrite,
        passed_over=passed_over,
    )
    engine: Engine = DaskEngine(cluster, jobs) if cluster else LocalEngine(jobs)
    photos: dict[str, PhotoRecord] = {}
    with _sole_writer(location(folder)), closing(engine.run(convert_photo, iter(planned))) as results:
        if progress:
            progress(None, len(planned))
        for job, result in results:
            if isinstance(result, str):
                result = PhotoRecord(job.source, job.target, "failed", result)
            photos[job.target] = result
            if progress:
                progress(result, len(planned))
    done = tuple(photos[job.target] for job in planned)
    left = tuple(results_left(planned, folder))
    return BatchReport(done, perf_counter() - start, tuple(passed_over), left)


@contextmanager
def _sole_writer(folder: str) -> Iterator[None]:
    """Hold the folder against other batches, and leave no beginnings of files in it, ours or of one that was killed."""
    if is_url(folder):  # stores know neither locks nor half objects
        yield
        return
    state = Path(folder, STATE)
    check_place(str(state / "lock"))
    state.mkdir(parents=True, exist_ok=True)
    path = state / "lock"
    with path.open("wb") as lock:
        _lock(lock.fileno(), path, folder)
        _remove_leftovers(folder)
        try:
            yield
        finally:
            _remove_leftovers(folder)
            with suppress(OSError):  # Windows keeps what is open
                path.unlink()


def _lock(file: int, path: Path, folder: str) -> None:
    """Until the file is closed, or this process dies. One that was taken away meanwhile locks nothing."""
    try:
        import fcntl
    except ImportError:  # Windows: two batches would do some photos twice, each whole all the same
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(file), path.stat()):
            raise BlockingIOError
    except (BlockingIOError, FileNotFoundError) as error:
        raise BlockingIOError(errno.EAGAIN, "another batch is writing there", folder) from error


def _remove_leftovers(folder: str) -> None:
    for parent, _, names in os.walk(folder):
        for name in filter(_LEFTOVER.fullmatch, names):
            Path(parent, name).unlink(missing_ok=True)
