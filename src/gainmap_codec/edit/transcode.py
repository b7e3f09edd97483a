"""From one gain-map file to another: its part, size, container, gain maps and metadata as they are asked for.

The new base comes first, then the standard map on it, then the neural one: each is a value that the next is made of.
What can stay as it is coded stays.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf

from gainmap_codec.codec.encoding import Progress, with_apple_headroom, within
from gainmap_codec.codec.opening import OpenedFile, open_source
from gainmap_codec.codec.options import KindOfBase, SwapOptions, TranscodeOptions, other_chroma, without_effect
from gainmap_codec.codec.torch_needed import check_torch_for
from gainmap_codec.edit.budget import made_within
from gainmap_codec.edit.frame import frame_of
from gainmap_codec.edit.metadata import stripped_for_edit
from gainmap_codec.edit.new_base import NewBase, Shown, framed, keeps_base, new_base
from gainmap_codec.edit.new_map import NO_MAP, NewMap, new_map
from gainmap_codec.edit.new_payload import new_payload, note_no_fit
from gainmap_codec.edit.recoding import note_spare, note_what_is_not_written
from gainmap_codec.edit.report import Notes, TranscodeReport, finish, report_of
from gainmap_codec.edit.swap import with_other_base, with_sdr_base
from gainmap_codec.errors import NoGainMapError, UnsupportedError
from gainmap_codec.files.jxl.packed_jpeg import NotPackedError, PackedPicture
from gainmap_codec.files.records import ABILITIES, CODECS, Container, GainMapFile, StoredGainMap
from gainmap_codec.files.tags.exif import maker_note
from gainmap_codec.pixels.color.code_points import is_hdr
from gainmap_codec.pixels.formats.sources import Source


def transcode_with_report(
    source: Source, options: TranscodeOptions, *, progress: Progress | None = None
) -> TranscodeReport:
    """What `gainmap_codec.transcode`, `crop` and `resize` do, with a line for all that was done and lost.

    Nothing is warned of.

    Args:
        progress: Told the share of the work that is done, 0…1.
    Raises:
        ValueError: A box that is not inside the picture.
        GainMapError, OSError: As `gainmap_codec.transcode`.
    """
    return transcode_opened(open_source(source, options.limits), options, progress=progress)


def transcode_opened(
    opened: OpenedFile, options: TranscodeOptions, *, progress: Progress | None = None
) -> TranscodeReport:
    """As `transcode_with_report`, of a file that is opened already."""
    notes = Notes(lost=list(opened.warnings), damage=opened.file.damage)
    if _is_done(opened, options):
        notes.done.append("nothing to do: the file is as it was")
        return report_of(opened.data, opened.file.container, notes)
    try:
        return finish(transcoded(opened, options, notes, progress), opened, notes)
    except NotPackedError as error:
        told = replace(opened, warnings=(*opened.warnings, error.told))
        return transcode_opened(told, _coded_anew(options, error.picture), progress=progress)


def _coded_anew(options: TranscodeOptions, picture: PackedPicture) -> TranscodeOptions:
    """The options with the quality that a picture is coded in where it does not stay as it is."""
    coding = options.coding("jxl")
    if picture == "base":
        return replace(options, quality=coding.quality)
    return replace(options, map_quality=coding.map_quality)


def _is_done(opened: OpenedFile, options: TranscodeOptions) -> bool:
    """Whether a part or a size was asked for, and nothing else, and the picture has it already."""
    if not options.has_frame or options.asks_for_more:
        return False
    if options.container not in (None, opened.file.container) or len(opened.data) > (options.max_bytes or inf):
        return False
    return frame_of(opened.file, options, Notes()).is_whole(opened.file)


def transcoded(
    opened: OpenedFile, options: TranscodeOptions, notes: Notes, progress: Progress | None = None
) -> GainMapFile:
    """The record of an opened file as `options` ask for it."""
    frame = frame_of(opened.file, options, notes)
    opened = stripped_for_edit(opened, options.strip, notes)
    container = options.container or opened.file.container
    wanted = options.base or _base_of(container, opened)
    is_swapped = wanted is not None and is_hdr(opened.file.base) != (wanted == "hdr")
    if is_swapped:
        opened, options = _with_other_base(opened, container, options, notes, is_whole=frame.is_whole(opened.file))
    file = edited(framed(opened, frame, notes), options, notes, progress)
    if is_swapped:  # what is kept from here on was coded for this very file
        notes.done = [line for line in notes.done if not line.endswith("kept bit for bit")]
    return file


def _base_of(container: Container, opened: OpenedFile) -> KindOfBase | None:
    """The kind of base that a container has to have where the file's own has no place in it."""
    return "sdr" if opened.file.can.is_deep and not ABILITIES[container].is_deep else None


def _with_other_base(
    opened: OpenedFile, container: Container, options: TranscodeOptions, notes: Notes, *, is_whole: bool
) -> tuple[OpenedFile, TranscodeOptions]:
    """The file with its SDR or HDR base, and what is still to be done: a base of the quality asked for can stay."""
    rest = replace(options, quality=None)
    is_coded_again = rest.codes_base or not is_whole
    quality = options.coding(container).quality
    how = SwapOptions(container=container, quality=quality, map_quality=options.map_quality, speed=options.speed)
    swapped = with_sdr_base if is_hdr(opened.file.base) else with_other_base
    return swapped(opened, how, notes, is_coded_again=is_coded_again), options if is_coded_again else rest


def edited(shown: Shown, options: TranscodeOptions, notes: Notes, progress: Progress | None = None) -> GainMapFile:
    """The record of a file that shows this, with the gain maps that are asked for; its part and size are decided."""
    opened, file, carry = shown.opened, shown.opened.file, options.carry
    container = options.container or file.container
    _check(opened, options)
    codec = file.base.codec if keeps_base(shown, container, options) else CODECS[container]
    note_what_is_not_written(file, container, codec, notes)
    wants_neural = carry in ("neural", "both") or (carry is None and file.payload is not None)

    def make(chosen: TranscodeOptions, own: Notes) -> GainMapFile:
        base, standard = _pictures(shown, chosen, own, progress)
        rest = within(progress, 0.4, 0.95)
        payload = new_payload(base, standard, chosen, own, rest) if wants_neural else None
        if not wants_neural:
            note_no_fit(chosen, own)
        _note_left_out("standard", file.gain_map, standard.stored, chosen, own)
        _note_left_out("neural", file.payload, payload, chosen, own)
        spare = _spare_map(file, standard.stored, chosen, own)
        new = _with_map(base, standard, chosen, own)
        return replace(new, spare_gain_map=spare, payload=payload)

    def draft(chosen: TranscodeOptions) -> GainMapFile:
        return _with_map(*_pictures(shown, chosen, Notes()), chosen, Notes())

    new = made_within(shown, options, make, draft, notes)
    notes.lost += other_chroma(options.chroma, container)
    if new.gain_map is None and options.map_names:
        notes.lost.append(without_effect(options.map_names, "there is no standard gain map"))
    return new


def _pictures(
    shown: Shown, options: TranscodeOptions, notes: Notes, progress: Progress | None = None
) -> tuple[NewBase, NewMap]:
    """The new file with its base, and its standard map."""
    base = new_base(shown, options.container or shown.opened.file.container, options, notes)
    if progress:
        progress(0.3)
    has_map = shown.opened.file.gain_map is not None
    wants_map = options.carry in ("standard", "both", "apple") or (options.carry is None and has_map)
    return base, new_map(base, options, notes) if wants_map else NO_MAP


def _with_map(base: NewBase, standard: NewMap, options: TranscodeOptions, notes: Notes) -> GainMapFile:
    """The new file with its standard map; EXIF tells the headroom of one of Apple's, where that is not the camera's."""
    file, old = replace(base.file, gain_map=standard.stored), base.source.file
    is_cameras = standard.stored in (old.gain_map, old.spare_gain_map) and maker_note(file.exif or b"") is not None
    return file if options.carry != "apple" or is_cameras else with_apple_headroom(file, notes.lost)


def _check(opened: OpenedFile, options: TranscodeOptions) -> None:
    """Raise for what cannot be made of this file, before any work."""
    file, carry = opened.file, options.carry
    if carry is not None and file.gain_map is None and opened.neural is None:
        raise NoGainMapError(f'carry="{carry}": expected a file with a usable gain map, got one without')
    if carry == "apple" and not ABILITIES[options.container or file.container].has_apple_map:
        raise UnsupportedError(f'carry="apple": expected JPEG or HEIC to write, got {file.container.upper()}')
    if carry == "apple" and opened.has_hdr_base:
        raise UnsupportedError(f'carry="apple": expected an SDR base for Apple\'s gain map, got {_hdr_base(file)}')
    if opened.has_hdr_base and carry in ("neural", "both") and opened.neural is None:
        raise UnsupportedError(f'carry="{carry}": expected an SDR base for a neural gain map, got {_hdr_base(file)}')
    if opened.neural is None and carry in ("neural", "both"):
        check_torch_for(options.preset)


def _hdr_base(file: GainMapFile) -> str:
    """What stands in the way, and the way out; of a base in no HDR colour only its gain map tells what it is."""
    way = 'base="sdr"' if is_hdr(file.base) else "swap"
    return f"an HDR one ({way} makes one)"


def _note_left_out(kind: str, old: object, new: object, options: TranscodeOptions, notes: Notes) -> None:
    if options.carry is not None and old is not None and new is None:
        notes.done.append(f"{kind} gain map: left out, as asked")


def _spare_map(
    file: GainMapFile, stored: StoredGainMap | None, options: TranscodeOptions, notes: Notes
) -> StoredGainMap | None:
    """The second gain map, where all around it stays."""
    spare, container = file.spare_gain_map, options.container or file.container
    if spare is None or options.carry == spare.carrier:  # which is the one that is written
        return None
    if not ABILITIES[container].has_spare_map:
        note_spare(file, container, notes)
        return None
    if stored is file.gain_map:
        return spare
    notes.lost.append(f"the second gain map ({spare.carrier}) is not kept")
    return None
