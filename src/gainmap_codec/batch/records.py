"""What goes to a worker, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gainmap_codec.codec.options import BatchOptions

Status = Literal["converted", "skipped", "failed"]
HdrFrom = Literal["neural", "standard", "base", "none"]

HIDDEN = "it is hidden"
"""Why files are passed over whose name, or whose folder's, begins with a dot."""


@dataclass(frozen=True, slots=True)
class Job:
    """One photo to convert.

    Attributes:
        source: Path or URL of the photo.
        target: Path or URL of the file to write.
        record: Path or URL of the record that tells a later run what was done.
        options: What `transcode` is to make of it.
        update: What this batch made of it before may be replaced, whatever was other then.
        overwrite: Any file that is there may be replaced.
    """

    source: str
    target: str
    record: str
    options: BatchOptions
    update: bool = False
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """What became of one photo.

    Attributes:
        source: Path or URL of the photo.
        target: Path or URL of the file that was to be written.
        status: "skipped" where an earlier run had done the same; all else is then of that run.
        problem: Why it failed, a line; else empty.
        hdr_from: What the source's HDR rendition comes from: a gain map; "base" of a picture that is HDR itself; or
            "none" of an SDR one; None where the photo could not be read.
        bytes_before: Size of the source, 0 where it could not be read.
        bytes_after: Size of the file written, 0 where there is none.
        width: Columns of the new base's stored raster, 0 where there is none.
        height: Rows of it.
        psnr: PQ-PSNR in dB of the new HDR rendition against the source's at the same size; None where both are the
            same, as where no picture was coded again, or there is no new one.
        neural_psnr: PQ-PSNR in dB of what the new file's neural gain map shows, against the HDR picture that it was
            fitted to, as the file has it: rounded down to 0.25; None where it has no such map, or none was measured on
            this base, as where another program coded it again.
        seconds: Time of one worker.
        warnings: What was lost, or no longer holds, a line each.
        damage: What is missing of the photo, as where it is cut off; all else of it was converted, unless it failed.
    """

    source: str
    target: str
    status: Status
    problem: str = ""
    hdr_from: HdrFrom | None = None
    bytes_before: int = 0
    bytes_after: int = 0
    width: int = 0
    height: int = 0
    psnr: float | None = None
    neural_psnr: float | None = None
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file of a source that was not taken for a photo, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of all photos, in the order of the sources.

    Attributes:
        photos: A record for each; fewer where the batch was interrupted.
        seconds: Time of the whole batch.
        passed_over: The files that were not taken for photos, hidden ones among them.
        left: Names in the output folder of what earlier runs made there, and this run did not: their photos were not
            among the sources, or have another place now.
    """

    photos: tuple[PhotoRecord, ...]
    seconds: float
    passed_over: tuple[PassedOver, ...] = ()
    left: tuple[str, ...] = ()

    def having(self, status: Status) -> list[PhotoRecord]:
        """The photos of one status."""
        return [photo for photo in self.photos if photo.status == status]

    @property
    def damaged(self) -> list[PhotoRecord]:
        """The photos of which something is missing, whether the rest was converted or they failed for it."""
        return [photo for photo in self.photos if photo.damage]
