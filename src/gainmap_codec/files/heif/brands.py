"""The brands of a HEIC or AVIF file.

Source: ISO/IEC 23008-12 annex B.4 (heic, heix), AVIF 1.1 clause 6 (MA1B, MA1A).
"""

from __future__ import annotations

from gainmap_codec.files.heif.items import TMAP
from gainmap_codec.files.heif.picture import Picture
from gainmap_codec.files.heif.records import HeifExtras
from gainmap_codec.files.records import GainMapFile

_OF_PICTURES = (b"heic", b"heix", b"hevc", b"avif", b"MA1A", b"MA1B", b"MiHA", b"MiHB", b"MiHE", TMAP)
_MAIN_PROFILES = (1, 3)  # HEVC Main and Main Still Picture


def brands_for(file: GainMapFile, base: Picture, extras: HeifExtras | None, has_tmap: bool) -> tuple[bytes, ...]:
    """The major brand, then the compatible ones: those of the file that the record comes from while its base stands."""
    if extras and file.base == extras.base:
        refused = any(item.kind == TMAP for item, _ in extras.items)
        kept = tuple(brand for brand in extras.brands if brand != TMAP or has_tmap or refused)
        return kept if TMAP in kept or not has_tmap else (*kept, TMAP)
    major, *profile = _brands_of(base)
    others = tuple(brand for brand in extras.brands[1:] if brand not in _OF_PICTURES) if extras else ()
    brands = (major, b"mif1", b"miaf", *profile, *others, *([TMAP] if has_tmap else []))
    return (major, *dict.fromkeys(brands))


def _brands_of(base: Picture) -> tuple[bytes, ...]:
    """The major brand of a codec and profile, and AVIF's profile."""
    if base.codec == "av1":
        record = _record(base, b"av1C")
        profile, level = record[1] >> 5, record[1] & 31
        names = {0: (b"MA1B", 13), 1: (b"MA1A", 16)}  # levels 5.1 and 6.0
        fits = profile in names and level <= names[profile][1]
        return (b"avif", names[profile][0]) if fits else (b"avif",)
    profile = _record(base, b"hvcC")[1] & 31
    return (b"heic",) if profile in _MAIN_PROFILES else (b"heix",)


def _record(base: Picture, kind: bytes) -> bytes:
    return next(p.body for p in base.tiles[0].properties if p.kind == kind)
