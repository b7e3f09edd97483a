"""Which programs show a file in HDR, and why others do not: rules by what is known of them and what is in the file.

docs/supported.md has the same rules with what they rest on; `tests/codec/test_shown_by.py` compares both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from gainmap_codec.codec.opening import OpenedFile
from gainmap_codec.files.jpeg.signs import Signs, signs_of
from gainmap_codec.files.records import Container, GainMapFile
from gainmap_codec.pixels.color.code_points import is_hdr

Shows = Literal["yes", "partly", "no", "not known"]

READERS = ("Chrome", "Android", "Safari", "iPhone", "Photoshop and Lightroom", "libultrahdr")


@dataclass(frozen=True)
class Verdict:
    """Whether a program shows a file in HDR, on a display that can.

    Attributes:
        reader: The program.
        shows: "partly" where only some versions of it do, or not as it is meant.
        reason: Why, or which versions.
    """

    reader: str
    shows: Shows
    reason: str


class Facts(NamedTuple):
    """What the rules ask about a file.

    Attributes:
        is_neural: It has a neural gain map that serves.
        map: Where the numbers of its standard gain map were found; None where it has none that can be used.
        spare: The same of a second one.
        is_refused: It has or names a gain map, and none can be used.
        signs: Of a JPEG with a standard gain map.
    """

    container: Container
    is_hdr: bool
    is_neural: bool
    map: str | None
    spare: str | None
    is_refused: bool
    base_bits: int
    map_bits: int
    longest_side: int
    warnings: tuple[str, ...]
    signs: Signs

    @property
    def is_jpeg(self) -> bool:
        return self.container == "jpeg"

    @property
    def is_jxl(self) -> bool:
        return self.container == "jxl"

    @property
    def maps(self) -> tuple[str | None, str | None]:
        return self.map, self.spare


class Rule(NamedTuple):
    """What programs do with files of some kind; of a program's rules the first that holds counts.

    Attributes:
        case: Which files, in words.
        holds: The same for the machine.
    """

    readers: tuple[str, ...]
    case: str
    holds: Callable[[Facts], bool]
    shows: Shows
    reason: str


_SKIA = ("Chrome", "Android")
_APPLE = ("Safari", "iPhone")
_ADOBE = ("Photoshop and Lightroom",)
_LIBULTRAHDR = ("libultrahdr",)
_READ_BY_ADOBE = (("jpeg", "iso21496"), ("avif", "iso21496"), ("jxl", "iso21496"), ("jpeg", "hdrgm"))

NOT_USABLE = "the gain map cannot be used"

RULES = (
    Rule(
        READERS,
        "an SDR picture whose gain map is damaged or breaks its format",
        lambda file: not (file.is_hdr or file.map or file.is_neural) and file.is_refused,
        "no",
        NOT_USABLE,
    ),
    Rule(
        READERS,
        "an SDR picture without a gain map",
        lambda file: not (file.is_hdr or file.map or file.is_neural),
        "no",
        "there is no HDR in the file",
    ),
    Rule(
        READERS,
        "an SDR picture with our neural gain map alone",
        lambda file: not (file.is_hdr or file.map),
        "no",
        "only gainmap-codec reads its neural gain map",
    ),
    Rule(("Chrome",), "HEIC", lambda file: file.container == "heic", "no", "it opens no HEIC"),
    Rule(("Android",), "JPEG XL", lambda file: file.is_jxl, "no", "it opens no JPEG XL"),
    Rule(
        ("Chrome", *_APPLE),
        "JPEG XL in PQ or HLG",
        lambda file: file.is_jxl and file.is_hdr,
        "not known",
        "no report of such a file is known",
    ),
    Rule(
        ("Chrome", *_APPLE),
        "any other JPEG XL",
        lambda file: file.is_jxl,
        "no",
        "in JPEG XL it reads no gain maps",
    ),
    Rule(_LIBULTRAHDR, "JPEG XL", lambda file: file.is_jxl, "no", "it opens no JPEG XL"),
    Rule(
        ("Chrome", *_APPLE),
        "JPEG in PQ or HLG",
        lambda file: file.is_hdr and file.is_jpeg,
        "not known",
        "such JPEGs are rare",
    ),
    Rule(("Chrome",), "AVIF in PQ or HLG", lambda file: file.is_hdr, "yes", "the picture itself is HDR"),
    Rule(("Android",), "a picture in PQ or HLG", lambda file: file.is_hdr, "not known", "it depends on the app"),
    Rule(("Safari",), "AVIF or HEIC in PQ or HLG", lambda file: file.is_hdr, "yes", "from Safari 26 on"),
    Rule(("iPhone",), "AVIF or HEIC in PQ or HLG", lambda file: file.is_hdr, "yes", "from iOS 17 on"),
    Rule(
        ("Chrome",),
        "AVIF of 10 or 12 bits with an ISO 21496-1 map of 8",
        lambda file: file.map == "iso21496" and not file.is_jpeg and file.base_bits > 8 and file.map_bits == 8,
        "no",
        "the map has 8 bits, the picture more",
    ),
    Rule(
        ("Chrome",),
        "AVIF with an ISO 21496-1 map",
        lambda file: file.map == "iso21496" and not file.is_jpeg,
        "yes",
        "by the gain map",
    ),
    Rule(
        ("Chrome",),
        "AVIF with another map",
        lambda file: not file.is_jpeg,
        "no",
        "in AVIF it reads ISO 21496-1 maps alone",
    ),
    Rule(
        _SKIA,
        "JPEG without an MPF index",
        lambda file: file.is_jpeg and not file.signs.mpf,
        "no",
        "no MPF index says where the map is",
    ),
    Rule(
        _SKIA,
        "JPEG whose MPF index is wrong",
        lambda file: any("MPF index leads to no gain map" in line for line in file.warnings),
        "not known",
        "its MPF index is wrong: some such files are shown, others are not",
    ),
    Rule(
        _SKIA,
        "JPEG whose picture announces its ISO 21496-1 or Ultra HDR map neither by a version segment nor in XMP",
        lambda file: file.is_jpeg and file.map != "apple" and not (file.signs.iso or file.signs.xmp),
        "no",
        "the picture does not announce its map",
    ),
    Rule(("Chrome",), "any other JPEG with a map", lambda file: True, "yes", "by the gain map"),
    Rule(("Android",), "JPEG with Ultra HDR XMP", lambda file: file.signs.xmp, "yes", "from Android 14 on"),
    Rule(
        ("Android",),
        "JPEG with ISO 21496-1 numbers alone",
        lambda file: file.signs.iso,
        "partly",
        "from Android 15 on: 14 reads Ultra HDR XMP alone",
    ),
    Rule(
        ("Android",),
        "HEIC with an ISO 21496-1 map",
        lambda file: file.container == "heic" and file.map == "iso21496",
        "partly",
        "from Android 16 on",
    ),
    Rule(
        ("Android",),
        "AVIF with any map",
        lambda file: file.container == "avif",
        "not known",
        "support was in development in 2026",
    ),
    Rule(("Android",), "any other map", lambda file: True, "no", "it does not read maps of this kind"),
    Rule(
        _APPLE,
        "AVIF or HEIC with an Adobe or Samsung map alone",
        lambda file: not file.is_jpeg and file.maps == ("hdrgm", None),
        "not known",
        "no report of such a file is known",
    ),
    Rule(("Safari",), "any other map", lambda file: True, "yes", "from Safari 26 on"),
    Rule(("iPhone",), "Apple's own map", lambda file: "apple" in file.maps, "yes", "as in the camera's own photos"),
    Rule(("iPhone",), "an ISO 21496-1 map", lambda file: file.map == "iso21496", "yes", "from iOS 18 on"),
    Rule(
        ("iPhone",),
        "JPEG with Ultra HDR XMP alone",
        lambda file: True,
        "not known",
        "Safari 26 shows it, of Photos no report is known",
    ),
    Rule(
        _ADOBE,
        "AVIF, HEIC or JPEG XL in PQ or HLG",
        lambda file: file.is_hdr and not file.is_jpeg,
        "yes",
        "from Camera Raw 16 on",
    ),
    Rule(
        _ADOBE,
        "JPEG, AVIF or JPEG XL with an ISO 21496-1 map, JPEG with Ultra HDR XMP",
        lambda file: (file.container, file.map) in _READ_BY_ADOBE,
        "yes",
        "from October 2024 on",
    ),
    Rule(_ADOBE, "any other file", lambda file: True, "not known", "no report of such a file is known"),
    Rule(
        _LIBULTRAHDR,
        "a picture in PQ or HLG",
        lambda file: file.is_hdr,
        "no",
        "it wants an SDR picture with a gain map",
    ),
    Rule(
        _LIBULTRAHDR,
        "AVIF or HEIC with an ISO 21496-1 map",
        lambda file: not file.is_jpeg and file.map == "iso21496",
        "partly",
        "2.0 where it is built with HEIF; 1.4 opens JPEG alone",
    ),
    Rule(
        _LIBULTRAHDR,
        "AVIF or HEIC with another map",
        lambda file: not file.is_jpeg,
        "no",
        "it reads no maps of this kind",
    ),
    Rule(
        _LIBULTRAHDR,
        "sides of more than 8192 pixels",
        lambda file: file.longest_side > 8192,
        "no",
        "it refuses sides of more than 8192 pixels, unless built otherwise",
    ),
    Rule(
        _LIBULTRAHDR,
        "JPEG with ISO 21496-1 numbers, or with Ultra HDR XMP as attributes",
        lambda file: file.map == "iso21496" or file.signs.attributes,
        "yes",
        "by the gain map",
    ),
    Rule(
        _LIBULTRAHDR,
        "JPEG with Ultra HDR XMP in another form",
        lambda file: file.map == "hdrgm",
        "no",
        "it reads the XMP's numbers as attributes alone, and Adobe writes elements",
    ),
    Rule(
        _LIBULTRAHDR,
        "JPEG with Apple's own map",
        lambda file: True,
        "partly",
        "2.0 shows it far too bright, 1.4 refuses it",
    ),
)


def shown_by(opened: OpenedFile) -> tuple[Verdict, ...]:
    """A verdict for each of `READERS`."""
    facts = _facts(opened.file, opened.neural is not None, opened.warnings)
    return tuple(_verdict(reader, facts) for reader in READERS)


def _verdict(reader: str, facts: Facts) -> Verdict:
    rule = next(rule for rule in RULES if reader in rule.readers and rule.holds(facts))
    return Verdict(reader, rule.shows, rule.reason)


def _facts(file: GainMapFile, is_neural: bool, warnings: tuple[str, ...]) -> Facts:
    stored, spare = file.gain_map, file.spare_gain_map
    return Facts(
        container=file.container,
        is_hdr=is_hdr(file.base),
        is_neural=is_neural,
        map=stored.carrier if stored else None,
        spare=spare.carrier if spare else None,
        is_refused=bool(file.refused or file.payload),
        base_bits=file.base.bits,
        map_bits=stored.image.bits if stored else 0,
        longest_side=max(file.base.width, file.base.height),
        warnings=warnings,
        signs=signs_of(file, stored) if stored and file.container == "jpeg" else Signs(),
    )
