"""What `gainmap inspect` prints: an `Inspection` in words for people who take pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from gainmap_codec.codec.shown_by import NOT_USABLE
from gainmap_codec.errors import printable
from gainmap_codec.files.container import SUFFIXES
from gainmap_codec.pixels.color.light import SDR_WHITE_NITS
from gainmap_codec.pixels.hdr_image import MAX_HEADROOM

_CARRIERS = {"iso21496": "ISO 21496-1", "hdrgm": "Adobe/Ultra HDR XMP", "apple": "Apple"}
_CODECS = {"jpeg": "JPEG", "hevc": "HEVC", "av1": "AV1", "jxl": "JPEG XL"}
_SPACES = {"srgb": "sRGB", "display-p3": "Display P3", "bt2020": "BT.2020"}
_HEADROOM_SOURCES = {"xmp": "the map's XMP", "maker-note": "the camera's maker note"}
_OTHERS = {
    "picture": "another picture, perhaps a preview",
    "video": "a video, as of a motion photo",
    "gain map": "a gain map that cannot be used",
    "data": "unknown bytes",
}
_ON_ITS_SIDE = (5, 6, 7, 8)


def describe(info: dict[str, Any]) -> str:
    """A screen of text about a file; `info` is what `Inspection.to_dict` gives."""
    lines = [_picture_line(info), _source_line(info), *_brightness_lines(info)]
    lines += _reader_lines(info)
    if gain_map := info["gain_map"]:
        lines += ["", *_gain_map_lines(gain_map, "Standard")]
    if gain_map := info["spare_gain_map"]:
        lines += ["", *_gain_map_lines(gain_map, "Second (not used)")]
    if payload := info["payload"]:
        lines += ["", *_payload_lines(payload, is_damaged=bool(info["damage"]))]
    if others := info["other_parts"]:
        lines += ["", "Beside the pictures:", *map(_other_line, others)]
    odd = [*_oddities(info), *info["warnings"]]
    if odd:
        lines += ["", "Odd:", *(f"  - {line}" for line in odd)]
    return "\n".join(map(printable, lines))


def describe_picture(info: dict[str, Any]) -> str:
    """The same of an HDR picture without a gain map; `info` is what `inspect_picture` gives."""
    lines = [
        f"{info['format']}, {info['width']} x {info['height']}, {_color(info)}",
        "HDR comes from the picture itself; no gain map",
        _measured_line(info["brightness"]),
    ]
    if info["format"] == "JPEG XR":
        lines.append("SDR white is not told in it and counts as 203 nits; encode --sdr-white takes another")
    if info["warnings"]:
        lines += ["", "Odd:", *(f"  - {line}" for line in info["warnings"])]
    return "\n".join(map(printable, lines))


def _picture_line(info: dict[str, Any]) -> str:
    size = [info["width"], info["height"]]
    if info["orientation"] in _ON_ITS_SIDE:
        size.reverse()
    depth = f", {info['bits']} bits" if info["bits"] != 8 else ""
    turned = ", stored turned" if info["orientation"] != 1 else ""
    packed = ", a packed JPEG" if (info["container"], info["base_codec"]) == ("jxl", "jpeg") else ""
    return f"{info['container'].upper()}, {size[0]} x {size[1]}{turned}, {_color(info)}{depth}{packed}"


def _color(info: dict[str, Any]) -> str:
    first, *rest = info["color_space"].split(" ")
    return " ".join((_SPACES.get(first, first), *rest))


def _source_line(info: dict[str, Any]) -> str:
    if info["base_is_hdr"]:
        sdr = "; the gain map makes the SDR rendition" if info["hdr_from"] == "standard" else ""
        return f"HDR comes from the picture itself{sdr}"
    if info["hdr_from"] == "base":
        return f"No HDR: {_why_sdr(info)}"
    if info["hdr_from"] == "neural":
        return "HDR comes from the neural gain map"
    return f"HDR comes from the standard gain map ({_CARRIERS[info['gain_map']['carrier']]})"


def _why_sdr(info: dict[str, Any]) -> str:
    if any(verdict["reason"] == NOT_USABLE for verdict in info["shown_by"]):
        return "the photo has a gain map, but it cannot be used"
    if info["damage"]:
        return "no gain map was found; it may have been in the part that is missing"
    return "the photo has no gain map"


def _brightness_lines(info: dict[str, Any]) -> Iterator[str]:
    """How bright the picture is, and how bright its file says that it is; nothing of an SDR picture."""
    if info["brightness"] and info["headroom"] != 0:
        yield _measured_line(info["brightness"])
    if info["headroom"]:
        nits = SDR_WHITE_NITS * 2 ** info["headroom"]
        yield f"The file says: up to {info['headroom']:.2f} stops above SDR white, {nits:,.0f} nits"


def _measured_line(brightness: dict[str, float]) -> str:
    brightest = f"{_distance(brightness['peak_stops'])} SDR white, {brightness['peak_nits']:,.0f} nits"
    most = f"{_distance(brightness['percentile_stops'])} it, {brightness['percentile_nits']:,.0f} nits"
    return f"Brightest: {brightest}; 99.9 % of the pixels reach no more than {most}"


def _distance(stops: float) -> str:
    return f"{abs(stops):.2f} stops {'below' if stops < -0.005 else 'above'}"


def _reader_lines(info: dict[str, Any]) -> Iterator[str]:
    """Who shows it in HDR, and what to do where some do not; nothing of an SDR picture."""
    if info["hdr_from"] == "neural" and info["gain_map"] is None and not info["base_is_hdr"]:
        yield from (
            "",
            "Other programs show SDR: only gainmap-codec reads its neural gain map. To add one that they read,",
            "which takes 3 to 30 KB in photos of phones:",
        )
        yield f"  gainmap transcode FILE -o NEW{SUFFIXES[info['container']][0]} --carry both"
    elif info["gain_map"] or info["base_is_hdr"]:
        yield from ("", "Shown in HDR, on a display that can:")
        yield from _verdict_lines(info["shown_by"])
        if any(verdict["shows"] != "yes" for verdict in info["shown_by"]) and _fits_ultra_hdr(info):
            yield "To have a JPEG that all of these show, with maps of both kinds, ISO 21496-1 and Ultra HDR XMP:"
            yield "  gainmap transcode FILE -o NEW.jpg"


def _fits_ultra_hdr(info: dict[str, Any]) -> bool:
    """Whether a JPEG's XMP can tell of the gain map: it knows none in the alternate's primaries above an SDR base."""
    numbers = info["gain_map"] and info["gain_map"]["metadata"]
    return bool(numbers) and (info["base_is_hdr"] or numbers.get("use_base_colour_space", True))


def _verdict_lines(verdicts: list[dict[str, str]]) -> Iterator[str]:
    width = max(len(verdict["reader"]) for verdict in verdicts)
    for verdict in verdicts:
        yield f"  {verdict['reader']:<{width}}  {verdict['shows']}: {verdict['reason']}"


def _gain_map_lines(gain_map: dict[str, Any], kind: str) -> list[str]:
    planes = "one channel" if gain_map["channels"] == 1 else "three channels"
    depth = f", {gain_map['bits']} bits" if gain_map["bits"] != 8 else ""
    return [
        f"{kind} gain map: {gain_map['bytes']:,} bytes of {_CODECS[gain_map['codec']]}",
        f"  {gain_map['width']} x {gain_map['height']}, {planes}{depth}",
        *(_apple_lines if gain_map["carrier"] == "apple" else _metadata_lines)(gain_map),
    ]


def _apple_lines(gain_map: dict[str, Any]) -> Iterator[str]:
    numbers = gain_map["metadata"]
    yield "  metadata: Apple's own"
    linear, source = numbers["headroom"], _HEADROOM_SOURCES[numbers["source"]]
    yield f"  headroom: {math.log2(linear):.2f} stops ({linear:.2f} times SDR white), by {source}"


def _metadata_lines(gain_map: dict[str, Any]) -> Iterator[str]:
    numbers = gain_map["metadata"]
    colour = "base" if numbers["use_base_colour_space"] else "alternate"
    yield f"  metadata: {_CARRIERS[gain_map['carrier']]}; computed in the primaries of the {colour}"
    low, high = numbers["base_hdr_headroom"], numbers["alternate_hdr_headroom"]
    yield f"  headroom: base {low:.2f}, alternate {high:.2f} stops"
    names = ("R", "G", "B") if len(numbers["channels"]) == 3 else ("all",)
    for name, channel in zip(names, numbers["channels"], strict=True):
        yield _channel_line(name, channel)


def _channel_line(name: str, channel: dict[str, float]) -> str:
    low, high = (round(channel[name], 2) + 0.0 for name in ("gain_map_min", "gain_map_max"))  # no "-0.00"
    gains = f"gain {low:+.2f} to {high:+.2f} stops"
    offsets = f"offsets {channel['base_offset']:g} and {channel['alternate_offset']:g}"
    return f"  {name}: {gains}, gamma {channel['gamma']:g}, {offsets}"


def _payload_lines(payload: dict[str, Any], *, is_damaged: bool) -> list[str]:
    number, bound_by = f"{payload['neural_psnr']:.2f} dB", payload["bound_by"]
    is_of_this = bound_by == "strict"
    reached = (
        f", at least {number} against the HDR picture" if is_of_this else f", {number} on the base it was made for"
    )
    bound = {
        "strict": "made for this very base",
        "soft": f"made for this base before it was {'damaged' if is_damaged else 'coded again'}",
        "unchecked": "the base was coded again since: decoding shows whether it still fits",
        None: "not used: see below",
    }[bound_by]
    return [
        f"Neural gain map: {payload['bytes']:,} bytes{reached if payload['neural_psnr'] else ''}",
        f"  preset {payload['preset']}, domain {payload['domain']}, {payload['weights']:,} weights",
        f"  {bound}",
    ]


def _other_line(part: dict[str, Any]) -> str:
    return f"  {_OTHERS[part['kind']]}: {part['bytes']:,} bytes at byte {part['place']:,}"


def _oddities(info: dict[str, Any]) -> Iterator[str]:
    """What people would wonder about, though it breaks no rule."""
    if info["headroom"] is not None and info["headroom"] > MAX_HEADROOM + 0.01:
        yield f"brighter than the 10,000 nits that any HDR signal can hold ({MAX_HEADROOM:.2f} stops): displays dim it"
