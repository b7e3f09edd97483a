"""What callers ask of `decode`, `encode` and of all that changes photos: frozen, checked once, where they are made.

`gainmap_codec.decode`, `encode` and `transcode` tell what each field means.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from gainmap_codec.codec.torch_needed import check_torch
from gainmap_codec.errors import Limits, listed
from gainmap_codec.files.payload.records import Preset
from gainmap_codec.files.records import ABILITIES, CODECS, Container
from gainmap_codec.pixels.color.hdr_codes import HdrTransfer
from gainmap_codec.pixels.color.light import COLOR_SPACES, ColorSpace
from gainmap_codec.pixels.exif_tags import Exif, exif_bytes
from gainmap_codec.pixels.formats.coded_image import DEFAULT_SPEED, DEPTHS, Chroma

Carry = Literal["both", "neural", "standard", "apple"]
Orientation = Literal["upright", "stored"]
Prefer = Literal["auto", "neural", "standard", "base"]
PresetChoice = Literal[Preset, "auto"]
AnyPreset = Literal[PresetChoice, "web", "archive"]
FloatType = Literal["float32", "float16"]
Base = Literal["sdr", "hdr", "hlg"]
KindOfBase = Literal["sdr", "hdr"]
Strip = Literal["gps", "all"]
Auto = Literal["auto"]
Region = tuple[int, int, int, int]
"""Left column, top row, width and height."""

DEFAULT_QUALITIES: Mapping[Container, int] = {"jpeg": 92, "heic": 65, "avif": 85, "jxl": 95}
"""Quality of a base that has to be coded, on the scale of each container's encoder."""

WRITTEN = tuple(DEFAULT_QUALITIES)
"""The containers that the verbs write."""

DEFAULT_QUALITY = DEFAULT_QUALITIES["jpeg"]
"""Of JPEG, and of HDR pictures for other programs, whichever their format."""

DEFAULT_EFFORT = 5
"""Of fits: 1, the quickest, to 9, the best."""

DEFAULT_MAP_QUALITIES: Mapping[Container, int] = {"jpeg": 95, "heic": 70, "avif": 95, "jxl": 98}
"""Quality of a gain map that has to be coded a second time: in each container as near to its pixels as JPEG at 95."""

_MAP_BITS = (8, 10, 12)
"""Depths of a standard map: more than 12 bits would tell nothing that anybody sees."""

_MAP_OPTIONS = ("map_quality", "map_scale", "map_channels", "map_bits")

_PRESETS = (*get_args(Preset), "auto")


@dataclass(frozen=True)
class PhotoPreset:
    """A named row of defaults for photos; what is asked for beside it wins.

    Attributes:
        qualities: Of a base that is coded anew, on the scale of each container's encoder.
        chroma: Of such a base.
        map_qualities: Of a standard map that is coded anew, likewise.
        map_scale: Base pixels for each pixel of the standard map along a side; None leaves a map its size.
        neural: Kind of a neural map that has to be made.
        codes_anew: Base and standard map are coded anew even where they could stay as they are.
    """

    qualities: Mapping[Container, int]
    chroma: Chroma
    map_qualities: Mapping[Container, int]
    map_scale: int | None
    neural: Preset
    codes_anew: bool


_WEB: Mapping[Container, int] = {"jpeg": 80, "heic": 50, "avif": 62, "jxl": 86}
_ARCHIVE: Mapping[Container, int] = {"jpeg": 97, "heic": 95, "avif": 95, "jxl": 99}
_WEB_MAP: Mapping[Container, int] = {"jpeg": 78, "heic": 52, "avif": 78, "jxl": 85}
_ARCHIVE_MAP: Mapping[Container, int] = {"jpeg": 97, "heic": 97, "avif": 97, "jxl": 99}
PHOTO_PRESETS: dict[str, PhotoPreset] = {
    "web": PhotoPreset(_WEB, "4:2:0", _WEB_MAP, 4, "tiny", codes_anew=True),
    "archive": PhotoPreset(_ARCHIVE, "4:4:4", _ARCHIVE_MAP, None, "best", codes_anew=False),
}
"""`web`: about what web pipelines write. `archive`: nothing is coded anew that can stay; what must be, hardly loses."""


@dataclass(frozen=True)
class MapOptions:
    """How a standard gain map is made: base pixels for each of its pixels along a side, quality, 1 or 3 channels, bits.

    "auto" leaves a choice to `codec.encoding.make_gain_map`, which makes it for each picture. `is_apple` asks for
    one of Apple's own kind.
    """

    scale: int | Auto = "auto"
    quality: int | Auto = "auto"
    channels: int | Auto = "auto"
    bits: int | Auto = "auto"
    is_apple: bool = False


@dataclass(frozen=True)
class FitOptions:
    """How a neural gain map is fitted; see `gainmap_codec.encode`."""

    preset: PresetChoice
    target_bytes: int | None
    target_psnr: float | None
    device: str
    seed: int
    effort: int = DEFAULT_EFFORT

    @property
    def has_target(self) -> bool:
        """Whether it has a size or a quality to reach."""
        return self.target_bytes is not None or self.target_psnr is not None


@dataclass(frozen=True, kw_only=True, eq=False)
class DecodeOptions:
    """What `gainmap_codec.decode` is asked for.

    Raises:
        ValueError: A field is out of its range.
    """

    headroom: float | None = None
    prefer: Prefer = "auto"
    color_space: ColorSpace = "bt2020"
    orientation: Orientation = "upright"
    region: Region | None = None
    dtype: FloatType = "float32"
    out: NDArray[np.float32] | NDArray[np.float16] | None = None
    strip: Strip | None = None
    device: str = "auto"
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if self.headroom is not None:
            _check_number("headroom", self.headroom, "stops")
        if self.headroom is not None and not self.headroom >= 0:
            raise ValueError(f"headroom: expected a number of stops >= 0, got {self.headroom!r}")
        if self.region is not None and len(_whole_numbers("region", self.region)) != 4:
            raise ValueError(f"region: expected left, top, width and height, got {self.region!r}")
        _check_choice("prefer", self.prefer, get_args(Prefer))
        _check_choice("color_space", self.color_space, COLOR_SPACES)
        _check_choice("orientation", self.orientation, get_args(Orientation))
        _check_choice("dtype", self.dtype, get_args(FloatType))
        check_strip(self.strip)
        object.__setattr__(self, "device", choose_device(self.device))  # "auto" becomes the device that it stands for


@dataclass(frozen=True, kw_only=True)
class EncodeOptions:
    """What `gainmap_codec.encode` is asked for.

    Raises:
        ValueError: A field is out of its range, or does not go with the others.
    """

    container: Container = "jpeg"
    carry: Carry | None = None
    preset: AnyPreset = "balanced"
    target_bytes: int | None = None
    target_psnr: float | None = None
    quality: int | None = None
    base: Base = "sdr"
    base_bits: int | None = None
    base_chroma: Chroma | None = None
    base_color_space: ColorSpace = "srgb"
    sdr_white: float | None = None
    speed: int | None = None
    map_scale: int | Auto = "auto"
    map_quality: int | Auto = "auto"
    map_channels: int | Auto = "auto"
    map_bits: int | Auto = "auto"
    exif: Exif | None = None
    xmp: bytes | None = None
    icc_profile: bytes | None = None
    strip: Strip | None = None
    device: str = "auto"
    seed: int = 0
    effort: int = DEFAULT_EFFORT
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        _check_choice("container", self.container, WRITTEN)
        _check_choice("carry", self.carry, (None, *get_args(Carry)))
        _check_choice("preset", self.preset, (*_PRESETS, *PHOTO_PRESETS))
        _check_choice("base", self.base, get_args(Base))
        _check_choice("base_chroma", self.base_chroma, (None, *get_args(Chroma)))
        check_strip(self.strip)
        object.__setattr__(self, "exif", self.exif_bytes)  # a dictionary becomes what it stands for
        _check_bytes("xmp", self.xmp)
        _check_bytes("icc_profile", self.icc_profile)
        _check_maps(self.quality, self.map_quality, self.map_scale, self.map_channels)
        _check_choice("map_bits", self.map_bits, ("auto", *_MAP_BITS))
        if self.map_bits not in ("auto", *(depths := DEPTHS[CODECS[self.container]])):
            known = " or ".join(str(bits) for bits in depths if bits in _MAP_BITS)
            raise ValueError(f"map_bits: expected {known} in {self.container.upper()}, got {self.map_bits}")
        self._check_base()
        _check_sdr_white(self.sdr_white)
        check_speed(self.speed)
        _check_fit(self.fit)
        if self.has_hdr_base:
            self._check_hdr_base()
        if self.fit.has_target and not self.has_neural:
            target = "target_psnr" if self.target_bytes is None else "target_bytes"
            raise ValueError(f"carry: expected neural or both beside {target}, a neural map's, got {self.carry}")
        if self.effort != DEFAULT_EFFORT and not self.has_neural:
            raise ValueError(f"carry: expected neural or both beside effort {self.effort}, of a fit, got {self.carry}")
        if self.carry == "apple":
            _check_apple(self.container, self.map_channels, self.map_bits)

    @property
    def exif_bytes(self) -> bytes | None:
        """The TIFF structure to write, or None for the picture's own."""
        return exif_bytes(self.exif)

    @property
    def has_hdr_base(self) -> bool:
        """Whether the base is the HDR picture."""
        return self.base != "sdr"

    @property
    def hdr_transfer(self) -> HdrTransfer:
        """The curve of an HDR base."""
        return "hlg" if self.base == "hlg" else "pq"

    @property
    def carried(self) -> Carry:
        """Which gain maps are written where nobody says, too: a neural one leads up from an SDR base."""
        return self.carry or ("standard" if self.has_hdr_base else "both")

    @property
    def has_standard(self) -> bool:
        """Whether a standard gain map is asked for, one of Apple's own kind among them."""
        return self.carried != "neural"

    @property
    def has_neural(self) -> bool:
        """Whether a neural gain map is asked for."""
        return self.carried not in ("standard", "apple")

    @property
    def standard(self) -> MapOptions:
        """How the standard gain map is made."""
        scale, quality = self.map_scale, self.map_quality
        if self._row:
            scale = self._row.map_scale or "auto" if scale == "auto" else scale
            quality = self._row.map_qualities[self.container] if quality == "auto" else quality
        return MapOptions(scale, quality, self.map_channels, self.map_bits, self.carry == "apple")

    @property
    def fit(self) -> FitOptions:
        """How the neural gain map is fitted."""
        kind, targets = _kind_of(self.preset), (self.target_bytes, self.target_psnr)
        return FitOptions(kind, *targets, self.device, self.seed, self.effort)

    @property
    def fit_names(self) -> list[str]:
        """Options that are given of a neural map alone."""
        return _fit_names(self.preset, self.fit)

    @property
    def map_names(self) -> list[str]:
        """Options that are given of the standard map."""
        return [name for name in _MAP_OPTIONS if getattr(self, name) != "auto"]

    @property
    def codes_base(self) -> bool:
        """Whether the base is to be coded anew even where it could stay."""
        asked = (self.quality, self.base_chroma) != (None, None)
        return asked or (self._row is not None and self._row.codes_anew)

    @property
    def coding(self) -> Coding:
        """How a base is coded where it has to be."""
        quality = (self._row.qualities if self._row else DEFAULT_QUALITIES)[self.container]
        chroma = self.base_chroma or (self._row.chroma if self._row else None)
        return Coding(self.quality or quality, chroma=chroma, speed=chosen_speed(self.speed))

    @property
    def _row(self) -> PhotoPreset | None:
        return PHOTO_PRESETS.get(self.preset)

    def _check_hdr_base(self) -> None:
        _check_hdr_base(self.base, self.container, self.carry)
        if self.base_bits not in (None, 10):
            raise ValueError(f"base_bits: expected 10 beside an HDR base, got {self.base_bits!r}")
        if self.icc_profile:
            raise ValueError("icc_profile: expected none beside an HDR base, whose colour code points tell")
        if self.fit_names:
            raise ValueError(_NO_FIT.format(self.base))

    def _check_base(self) -> None:
        if not ABILITIES[self.container].is_deep:
            if self.base_bits not in (None, 8):
                raise ValueError(f"base_bits: expected 8 in JPEG, got {self.base_bits!r}")
        elif self.base_bits not in (None, 8, 10):
            raise ValueError(f"base_bits: expected 8 or 10 in {self.container.upper()}, got {self.base_bits!r}")
        _check_base_color_space(self.base_color_space)


@dataclass(frozen=True)
class Coding:
    """How pictures are coded where they have to be: qualities 1…100, chroma of the base (None: as it has it), speed."""

    quality: int = DEFAULT_QUALITY
    map_quality: int = DEFAULT_MAP_QUALITIES["jpeg"]
    chroma: Chroma | None = None
    speed: int = DEFAULT_SPEED


@dataclass(frozen=True, kw_only=True)
class TranscodeOptions:
    """What `gainmap_codec.transcode`, `crop`, `resize` and `batch.convert` are asked for.

    Raises:
        ValueError, TypeError: A field is out of its range, or does not go with the others.
    """

    container: Container | None = None
    base: KindOfBase | None = None
    carry: Carry | None = None
    strip: Strip | None = None
    box: tuple[int, int, int, int] | None = None
    size: tuple[int | None, int | None] | None = None
    fit: tuple[int, int] | int | None = None
    enlarge: bool = False
    quality: int | None = None
    chroma: Chroma | None = None
    speed: int | None = None
    map_quality: int | None = None
    map_scale: int | Auto | None = None
    map_channels: int | Auto | None = None
    map_bits: int | Auto | None = None
    max_bytes: int | None = None
    preset: AnyPreset = "balanced"
    target_bytes: int | None = None
    target_psnr: float | None = None
    device: str = "auto"
    seed: int = 0
    effort: int = DEFAULT_EFFORT
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        _check_choice("container", self.container, (None, *WRITTEN))
        _check_choice("base", self.base, (None, *get_args(KindOfBase)))
        _check_choice("carry", self.carry, (None, *get_args(Carry)))
        if self.base == "hdr":
            _check_hdr_base(self.base, self.container, self.carry)
        check_strip(self.strip)
        self._check_frame()
        _check_coding(self.quality, self.map_quality, self.speed)
        _check_choice("chroma", self.chroma, (None, *get_args(Chroma)))
        if self.map_scale != "auto":
            _check_given("map_scale", self.map_scale, 1, 128)
        _check_choice("map_channels", self.map_channels, (None, 1, 3, "auto"))
        _check_choice("map_bits", self.map_bits, (None, "auto", *_MAP_BITS))
        if self.max_bytes is not None:
            _check_whole("max_bytes", self.max_bytes)
        if self.max_bytes is not None and self.max_bytes < 1:
            raise ValueError(f"max_bytes: expected at least 1, got {self.max_bytes}")
        _check_choice("preset", self.preset, (*_PRESETS, *PHOTO_PRESETS))
        _check_fit(self.neural)
        if self.carry == "apple":
            _check_apple(self.container, self.map_channels, self.map_bits)

    def standard(self, container: Container) -> MapOptions:
        """How a standard gain map is made, where one has to be."""
        quality = self.map_quality or (self._row and self._row.map_qualities[container])
        channels, bits = self.map_channels or "auto", self.map_bits or "auto"
        return MapOptions(self.scale or "auto", quality or "auto", channels, bits, self.carry == "apple")

    @property
    def neural(self) -> FitOptions:
        """How a neural gain map is fitted, where one has to be."""
        kind, targets = _kind_of(self.preset), (self.target_bytes, self.target_psnr)
        return FitOptions(kind, *targets, self.device, self.seed, self.effort)

    @property
    def scale(self) -> int | Auto | None:
        """The standard map's scale, the preset's where none is asked for; None is what it has."""
        return self._row.map_scale if self._row and self.map_scale is None else self.map_scale

    @property
    def codes_base(self) -> bool:
        """Whether the base is to be coded anew even where it could stay."""
        return self._codes_anew or self.quality is not None or self.chroma is not None

    @property
    def codes_map(self) -> bool:
        """Whether something is asked for of the standard map, by the preset or by an option."""
        return self._codes_anew or bool(self.map_names)

    @property
    def map_names(self) -> list[str]:
        """Options that are given of the standard map."""
        return [name for name in _MAP_OPTIONS if getattr(self, name) is not None]

    @property
    def codes_map_anew(self) -> bool:
        """Whether the standard map is to be coded anew even where it is as asked for."""
        return self._codes_anew or self.map_quality is not None

    @property
    def fit_box(self) -> tuple[int, int] | None:
        """The box to fit in; one number is both its sides."""
        return (self.fit, self.fit) if isinstance(self.fit, int) else self.fit

    @property
    def fit_names(self) -> list[str]:
        """Options that are given of a new neural map alone."""
        return _fit_names(self.preset, self.neural)

    @property
    def has_frame(self) -> bool:
        """Whether a part or a size is asked for."""
        return (self.box, self.size, self.fit) != (None, None, None)

    @property
    def asks_for_more(self) -> bool:
        """Whether more is to change than the part, the size, the container and the size in bytes."""
        return self.codes_base or self.codes_map or (self.base, self.carry, self.strip) != (None, None, None)

    def coding(self, container: Container) -> Coding:
        """How pictures are coded where they have to be."""
        quality = (self._row.qualities if self._row else DEFAULT_QUALITIES)[container]
        map_quality = (self._row.map_qualities if self._row else DEFAULT_MAP_QUALITIES)[container]
        chroma = self.chroma or (self._row.chroma if self._row else None)
        speed = chosen_speed(self.speed)
        return Coding(self.quality or quality, self.map_quality or map_quality, chroma, speed)

    @property
    def _row(self) -> PhotoPreset | None:
        return PHOTO_PRESETS.get(self.preset)

    @property
    def _codes_anew(self) -> bool:
        return self._row is not None and self._row.codes_anew

    def _check_frame(self) -> None:
        if self.size is not None and self.fit is not None:
            raise ValueError("size and fit: expected one of them, got both")
        if self.box is not None and len(_whole_numbers("box", self.box)) != 4:
            raise ValueError(f"box: expected left, top, right and bottom, got {self.box!r}")
        for name, sides in (("size", self.size), ("fit", self.fit_box)):
            if sides is not None:
                _check_sides(name, sides, most_none=1 if name == "size" else 0)


@dataclass(frozen=True, kw_only=True)
class BatchOptions(TranscodeOptions):
    """What `batch.convert` is asked for: of photos what `transcode` does, of HDR pictures what `encode` does.

    Raises:
        ValueError, TypeError: As `TranscodeOptions` and `EncodeOptions`.
    """

    base_bits: int | None = None
    base_color_space: ColorSpace = "srgb"
    sdr_white: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_base_color_space(self.base_color_space)
        _check_choice("base_bits", self.base_bits, (None, 8, 10))
        _check_sdr_white(self.sdr_white)

    @property
    def picture_names(self) -> list[str]:
        """Options that are given of HDR pictures alone."""
        defaults = BatchOptions()
        names = ("base_bits", "base_color_space", "sdr_white")
        return [name for name in names if getattr(self, name) != getattr(defaults, name)]

    @property
    def of_a_picture(self) -> EncodeOptions:
        """What `encode` is to make of an HDR picture, which has neither base nor maps that could stay; JPEG by default.

        Part, size, bytes and SDR white are not in it.
        """
        return EncodeOptions(
            container=self.container or "jpeg",
            base=self.base or "sdr",
            base_bits=self.base_bits,
            base_chroma=self.chroma,
            base_color_space=self.base_color_space,
            carry=self.carry,
            strip=self.strip,
            quality=self.quality,
            speed=self.speed,
            map_quality=self.map_quality or "auto",
            map_scale=self.map_scale or "auto",
            map_channels=self.map_channels or "auto",
            map_bits=self.map_bits or "auto",
            preset=self.preset,
            target_bytes=self.target_bytes,
            target_psnr=self.target_psnr,
            device=self.device,
            seed=self.seed,
            effort=self.effort,
            limits=self.limits,
        )


_NO_FIT = "base: expected sdr beside a neural gain map, which leads up from it, got {}"


def _check_hdr_base(base: Base, container: Container | None, carry: Carry | None) -> None:
    """Raise ValueError for what does not go with an HDR base; None is not known yet."""
    if container is not None and not ABILITIES[container].is_deep:
        raise ValueError(f"base: expected sdr in {container.upper()}, whose 8 bits are too few for HDR, got {base}")
    if carry in ("neural", "both"):
        raise ValueError(_NO_FIT.format(base))
    if carry == "apple":
        raise ValueError(f"base: expected sdr beside Apple's gain map, which leads up from it, got {base}")


def _fit_names(preset: AnyPreset, fit: FitOptions) -> list[str]:
    """Options that are given of a neural gain map alone."""
    given = {
        "preset": preset not in ("balanced", *PHOTO_PRESETS),
        "target_bytes": fit.target_bytes is not None,
        "target_psnr": fit.target_psnr is not None,
        "effort": fit.effort != DEFAULT_EFFORT,
    }
    return [name for name, is_given in given.items() if is_given]


def without_effect(names: Sequence[str], why: str) -> str:
    """What is told of options that are given and change nothing."""
    return f"{listed(names, 'and')} {'change' if len(names) > 1 else 'changes'} nothing: {why}"


def other_chroma(asked: Chroma | None, container: Container) -> Iterator[str]:
    """A line where a base that is coded cannot have the chroma asked for."""
    if asked == "4:2:0" and CODECS[container] == "jxl":
        yield "the base has chroma in 4:4:4 instead of 4:2:0: in JPEG XL, we code no other"


def _check_apple(container: Container | None, channels: int | Auto | None, bits: int | Auto | None) -> None:
    if container is not None and not ABILITIES[container].has_apple_map:
        got = f"{container.upper()}, in which no program looks for such maps"
        raise ValueError(f'carry="apple": expected JPEG or HEIC, got {got}')
    if channels == 3:
        raise ValueError('carry="apple": expected map_channels 1 or auto, got 3: Apple\'s own maps have one channel')
    if bits in (10, 12):
        raise ValueError(f'carry="apple": expected map_bits 8 or auto, got {bits}: Apple\'s own maps have 8')


def _kind_of(preset: AnyPreset) -> PresetChoice:
    """The kind of neural gain map that a preset asks for."""
    row = PHOTO_PRESETS.get(preset)
    return row.neural if row else cast(PresetChoice, preset)


def _check_coding(quality: int | None, map_quality: int | None, speed: int | None) -> None:
    _check_given("quality", quality, 1, 100)
    _check_given("map_quality", map_quality, 1, 100)
    check_speed(speed)


def _check_given(name: str, value: int | None, low: int, high: int) -> None:
    if value is not None:
        check_range(name, value, low, high)


def _check_sides(name: str, sides: tuple[int | None, ...], *, most_none: int) -> None:
    """Width and height in whole pixels, of which `most_none` may be missing."""
    given = _whole_numbers(name, sides)
    if len(sides) != 2:
        raise ValueError(f"{name}: expected a width and a height, got {sides!r}")
    if len(given) < 2 - most_none:
        raise ValueError(f"{name}: expected a width {'or' if most_none else 'and'} a height, got {sides!r}")
    if min(given) < 1:
        raise ValueError(f"{name}: expected sides of at least 1, got {min(given)}")


@dataclass(frozen=True, kw_only=True)
class AssembleOptions:
    """What `gainmap_codec.assemble` is asked for.

    Raises:
        ValueError, TypeError: A field is out of its range or of another type.
    """

    container: Container
    payload: bytes | None = None
    exif: Exif | None = None
    xmp: bytes | None = None
    icc_profile: bytes | None = None
    orientation: int | None = None
    alternate_icc_profile: bytes | None = None
    alternate_color: tuple[int, int, int, bool] | None = None
    quality: int | None = None
    map_quality: int | None = None
    speed: int | None = None
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        _check_choice("container", self.container, WRITTEN)
        for name in ("payload", "xmp", "icc_profile", "alternate_icc_profile"):
            _check_bytes(name, getattr(self, name))
        _check_color("alternate_color", self.alternate_color)
        _check_given("orientation", self.orientation, 1, 8)
        _check_coding(self.quality, self.map_quality, self.speed)

    @property
    def coding(self) -> Coding:
        """How pictures are coded where they have to be."""
        return _coding(self, self.container)


@dataclass(frozen=True, kw_only=True)
class SwapOptions:
    """What `gainmap_codec.swap` is asked for.

    Raises:
        ValueError: A field is out of its range.
    """

    container: Container | None = None
    quality: int | None = None
    map_quality: int | None = None
    speed: int | None = None
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        _check_choice("container", self.container, (None, *WRITTEN))
        _check_coding(self.quality, self.map_quality, self.speed)

    def coding(self, container: Container) -> Coding:
        """How pictures are coded where they have to be."""
        return _coding(self, container)


def _coding(options: AssembleOptions | SwapOptions, container: Container) -> Coding:
    quality = options.quality or DEFAULT_QUALITIES[container]
    map_quality = options.map_quality or DEFAULT_MAP_QUALITIES[container]
    return Coding(quality, map_quality, None, chosen_speed(options.speed))


def _check_base_color_space(space: ColorSpace) -> None:
    if space not in COLOR_SPACES[:2]:
        raise ValueError(f"base_color_space: expected srgb or display-p3, got {space!r}")


def _check_sdr_white(nits: float | None) -> None:
    if nits is None:
        return
    _check_number("sdr_white", nits, "nits")
    if not 1 <= nits <= 10_000:
        raise ValueError(f"sdr_white: expected 1…10000 nits, got {nits!r}")


def _check_fit(options: FitOptions) -> None:
    if options.target_bytes is not None:
        _check_whole("target_bytes", options.target_bytes)
        if options.target_bytes < 1:
            raise ValueError(f"target_bytes: expected at least 1, got {options.target_bytes}")
    if options.target_psnr is not None:
        _check_number("target_psnr", options.target_psnr, "dB")
    if options.target_psnr is not None and not 0 <= options.target_psnr < float("inf"):
        raise ValueError(f"target_psnr: expected a number of dB >= 0, got {options.target_psnr}")
    if options.target_bytes is not None and options.target_psnr is not None:
        raise ValueError("target_bytes and target_psnr: expected one of them, got both")
    if options.has_target and options.preset in ("paper-gain", "paper-gamma", "auto"):
        raise ValueError(f"preset: expected tiny, balanced or best beside a target, got {options.preset}")
    _check_whole("seed", options.seed)
    if not 0 <= options.seed < 1 << 63:
        raise ValueError(f"seed: expected a number from 0 to 2^63 - 1, got {options.seed}")
    _check_device(options.device)
    check_effort(options.effort)
    if options.effort != DEFAULT_EFFORT and options.preset in ("paper-gain", "paper-gamma"):
        raise ValueError(
            f"effort: expected {DEFAULT_EFFORT} for {options.preset}, fitted as it was published, got {options.effort}"
        )


def choose_device(device: str) -> str:
    """The torch device that `device` stands for; "auto" is the CPU unless torch is already loaded and has CUDA.

    Raises:
        ValueError: Another name, or as `torch_device`.
        MissingDependencyError: A device other than the CPU, and no torch.
    """
    _check_device(device)
    if device == "auto":
        loaded = sys.modules.get("torch")
        return "cuda" if loaded is not None and loaded.cuda.is_available() else "cpu"
    if device != "cpu":
        check_torch(f"device {device}")
        from gainmap_codec.neural.devices import torch_device

        torch_device(device)
    return device


def _check_device(device: str) -> None:
    if not isinstance(device, str):
        raise TypeError(f"device: expected a name such as auto, cpu or cuda:0, got {device!r}")
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,2})?", device, re.ASCII):
        raise ValueError(f"device: expected auto, cpu, cuda or cuda:N, got {device!r}")


def _check_maps(quality: int | None, map_quality: int | Auto, map_scale: int | Auto, map_channels: int | Auto) -> None:
    _check_given("quality", quality, 1, 100)
    if map_quality != "auto":
        check_range("map_quality", map_quality, 1, 100)
    if map_scale != "auto":
        check_range("map_scale", map_scale, 1, 128)
    _check_choice("map_channels", map_channels, ("auto", 1, 3))


def _check_whole(name: str, value: object) -> None:
    """Raise TypeError for what is no whole number, of Python's or of NumPy's."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}: expected a whole number, got {value!r}")


def _check_bytes(name: str, value: object) -> None:
    """Raise TypeError for what is neither bytes nor None."""
    if value is not None and not isinstance(value, bytes):
        raise TypeError(f"{name}: expected bytes, got {type(value).__name__}")


def _check_color(name: str, value: tuple[int, int, int, bool] | None) -> None:
    """Raise TypeError or ValueError for what are no code points."""
    if value is None:
        return
    points = _whole_numbers(name, value[:3]) if isinstance(value, tuple | list) and len(value) == 4 else []
    if len(points) < 3 or not all(0 <= point < 1 << 16 for point in points) or value[3] not in (True, False):
        expected = "primaries, transfer and matrix (0…65535), and whether the range is full"
        raise ValueError(f"{name}: expected {expected}, got {value!r}")


def _whole_numbers(name: str, values: object) -> list[int]:
    """Those of several that are given; TypeError for anything but whole numbers and None."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name}: expected whole numbers, got {values!r}")
    given = [value for value in values if value is not None]
    for value in given:
        _check_whole(name, value)
    return given


def _check_number(name: str, value: object, unit: str) -> None:
    """Raise TypeError for what is no number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}: expected a number of {unit}, got {value!r}")


def check_range(name: str, value: int, low: int, high: int) -> None:
    """Raise ValueError unless low <= value <= high, and TypeError for what is no whole number."""
    _check_whole(name, value)
    if not low <= value <= high:
        raise ValueError(f"{name}: expected {low}…{high}, got {value!r}")


def chosen_speed(speed: int | None) -> int:
    """The speed that None stands for, or the one given."""
    return DEFAULT_SPEED if speed is None else speed


def check_speed(speed: int | None) -> None:
    """Raise ValueError for what is neither None nor 0…10."""
    _check_given("speed", speed, 0, 10)


def check_effort(effort: int) -> None:
    """Raise ValueError for what is not 1…9."""
    check_range("effort", effort, 1, 9)


def check_strip(strip: Strip | None) -> None:
    """Raise ValueError for what is neither None nor one of the choices."""
    _check_choice("strip", strip, (None, *get_args(Strip)))


def _check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    allowed = tuple(choices)
    if value not in allowed:
        told = ", ".join(str(choice) for choice in allowed if choice is not None)
        raise ValueError(f"{name}: expected one of {told}, got {value!r}")
