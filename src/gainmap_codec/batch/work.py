"""What a worker does with one photo."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isfinite
from time import perf_counter

from gainmap_codec.batch.finished import Finished, check_replaceable, digest_of_options, own_file, write_finished
from gainmap_codec.batch.records import HdrFrom, Job, PhotoRecord
from gainmap_codec.batch.storage import check_place, read, sha256_of, write
from gainmap_codec.codec.decoding import decode_opened, preference, upright_hdr
from gainmap_codec.codec.encoding import encode_with_report
from gainmap_codec.codec.opening import OpenedFile, open_file
from gainmap_codec.codec.options import BatchOptions, DecodeOptions, without_effect
from gainmap_codec.edit.frame import sized
from gainmap_codec.edit.report import Notes, TranscodeReport, report_of
from gainmap_codec.edit.transcode import transcode_opened
from gainmap_codec.errors import NO_LIMITS, Limits, error_line
from gainmap_codec.files.container import check_name, digest_of, may_have_gain_map, missing_of
from gainmap_codec.files.records import ABILITIES, Container
from gainmap_codec.pixels.color.code_points import is_hdr
from gainmap_codec.pixels.color.light import pq_psnr
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.raster.resampling import resized


def convert_photo(job: Job) -> PhotoRecord:
    """Convert a photo, unless its record says that this was done; what goes wrong is told in the result.

    The record is written first and the photo after it, each whole or not at all: wherever this is cut short, a photo
    that is there has its record, which tells it from other people's files.
    """
    start, data = perf_counter(), b""
    photo = PhotoRecord(job.source, job.target, "failed")
    try:
        data = read(job.source, job.options.limits)
        own, digests = own_file(job), (sha256_of(data), digest_of_options(job.options))
        if own and own.is_of(*digests):
            return replace(own.record.photo, source=job.source, target=job.target, status="skipped")
        check_place(job.target)
        photo = replace(photo, bytes_before=len(data))
        source, container, photo = _opened(data, job, photo)
        check_replaceable(job, own, source.metadata.exif if isinstance(source, HdrImage) else source.file.exif)
        new_data, made = _converted(job, source, container, photo)
        made = replace(made, seconds=perf_counter() - start)
        replaced = (own.digest, len(own.data)) if own else None
        write_finished(job, Finished(*digests, sha256_of(new_data), made, replaced))
        write(job.target, new_data, dated_as=job.source)
    except Exception as error:  # whatever one photo brings about, the others are to be done
        problem = error_line(error, below=job.source)
        damage = photo.damage or missing_of(data, job.options.limits)
        return replace(photo, problem=problem, damage=damage, seconds=perf_counter() - start)
    return made


def _opened(data: bytes, job: Job, photo: PhotoRecord) -> tuple[OpenedFile | HdrImage, Container, PhotoRecord]:
    """The photo, or the HDR picture; the container to write; and what is to be told of it even where that fails."""
    options = job.options
    if not may_have_gain_map(data):
        return _picture(data, job), options.container or "jpeg", replace(photo, hdr_from="base")
    opened = open_file(data, job.source, options.limits)
    container = options.container or opened.file.container
    photo = replace(photo, hdr_from=_hdr_from(opened), damage=opened.file.damage)
    return _picture(data, job) if _becomes_a_photo(opened, container, options) else opened, container, photo


def _picture(data: bytes, job: Job) -> HdrImage:
    image, white = upright_hdr(data, job.source, job.options.limits), job.options.sdr_white
    return image if white is None else image.with_sdr_white(white)


def _becomes_a_photo(opened: OpenedFile, container: Container, options: BatchOptions) -> bool:
    """Whether a file that is HDR by itself is to have an SDR picture or a gain map, which `transcode` makes none of."""
    if not is_hdr(opened.file.base) or preference(opened, "auto")[0] != "base":
        return False
    asked = options.base == "sdr" or (options.carry, options.sdr_white) != (None, None)
    return asked or not ABILITIES[container].is_deep


def _converted(
    job: Job, source: OpenedFile | HdrImage, container: Container, photo: PhotoRecord
) -> tuple[bytes, PhotoRecord]:
    """The new file, and what is to be told of it."""
    check_name(job.target, container)  # of URLs, only now the container is known
    if isinstance(source, HdrImage):
        report, source = _encoded(source, replace(job.options, container=container))
    else:
        report = transcode_opened(_told(source, job.options), job.options)
    new = open_file(report.data, job.target, NO_LIMITS)
    return report.data, replace(
        photo,
        status="converted",
        bytes_after=len(report.data),
        width=new.file.base.width,
        height=new.file.base.height,
        psnr=_psnr(source, new, job.options.limits),
        neural_psnr=new.measured_psnr("neural") or None,
        warnings=report.warnings,
        damage=report.damage,
    )


def _told(opened: OpenedFile, options: BatchOptions) -> OpenedFile:
    """The photo with a warning of options that are of HDR pictures alone."""
    if not options.picture_names:
        return opened
    line = without_effect(options.picture_names, "only HDR pictures take them, and this is a photo")
    return replace(opened, warnings=(*opened.warnings, line))


def _encoded(image: HdrImage, options: BatchOptions) -> tuple[TranscodeReport, HdrImage]:
    """A photo of an HDR picture, within the bytes it may take, and the picture at its size."""
    notes = Notes()
    image = sized(image, options, notes)
    made = encode_with_report(image, None, options.of_a_picture)
    notes.lost += made.warnings
    if len(made.data) <= (options.max_bytes or inf):
        return report_of(made.data, made.file.container, notes), image
    whole = replace(options, base=None, carry=None, strip=None, size=None, fit=None)
    finest = encode_with_report(image, None, replace(options.of_a_picture, quality=100))
    smaller = transcode_opened(open_file(finest.data, "", NO_LIMITS), whole)
    return replace(smaller, warnings=(*notes.lost, *smaller.warnings)), image


def _hdr_from(opened: OpenedFile) -> HdrFrom:
    kind = preference(opened, "auto")[0]
    return "none" if kind == "base" and not is_hdr(opened.file.base) else kind


def _psnr(old: OpenedFile | HdrImage, new: OpenedFile, limits: Limits) -> float | None:
    """PQ-PSNR of the new HDR rendition against the old one at its size; None where they are the same."""
    if isinstance(old, OpenedFile):
        if _shown(old) == _shown(new):
            return None
        if old.file.base_digest == new.file.base_digest:
            old = old.decoded_once()
            new = new.with_codes(old.codes) if old.decoded else new
    new_pixels = decode_opened(new, DecodeOptions(limits=NO_LIMITS)).pixels
    image = old if isinstance(old, HdrImage) else decode_opened(old, DecodeOptions(limits=limits))
    old_pixels = image.convert("bt2020").pixels
    if old_pixels.shape != new_pixels.shape:
        old_pixels = resized(old_pixels, new_pixels.shape[1], new_pixels.shape[0])
    psnr = pq_psnr(new_pixels, old_pixels)
    return psnr if isfinite(psnr) else None


def _shown(opened: OpenedFile) -> tuple[object, ...]:
    """All that makes a file's rendition, as coded."""
    file, kind = opened.file, preference(opened, "auto")[0]
    gain_map = file.gain_map and (digest_of(file.gain_map.image), file.gain_map.metadata)
    return file.base_digest, {"neural": file.payload, "standard": gain_map, "base": None}[kind]
