"""What `gainmap inspect` prints: an `Inspection` in words for people who take pictures."""

from __future__ import annotations

from typing import Any

from gainmap_codec.pixels.color import SDR_WHITE_NITS

_SOURCES = {
    "neural": "the neural gain map",
    "standard": "the standard gain map",
    "base": "nothing: the file is shown as SDR",
}
_CARRIERS = {"iso21496": "ISO 21496-1", "hdrgm": "Ultra HDR XMP"}


def describe(info: dict[str, Any]) -> str:
    """A screen of text about a file; `info` is what `Inspection.to_dict` gives."""
    lines = [
        f"{info['container'].upper()}, {info['width']} x {info['height']}, {info['color_space']}",
        f"HDR comes from {_SOURCES[info['hdr_from']]}",
    ]
    if info["hdr_from"] != "base":
        lines.append(f"Brightest: {_brightness(info['headroom'])}")
    if gain_map := info["gain_map"]:
        lines += ["", *_gain_map_lines(gain_map)]
    if payload := info["payload"]:
        lines += ["", *_payload_lines(payload)]
    if info["warnings"]:
        lines += ["", "Odd:", *(f"  - {warning}" for warning in info["warnings"])]
    return "\n".join(lines)


def _brightness(headroom: float) -> str:
    return f"{headroom:.2f} stops above SDR white, {SDR_WHITE_NITS * 2**headroom:,.0f} nits"


def _gain_map_lines(gain_map: dict[str, Any]) -> list[str]:
    numbers = gain_map["metadata"]
    colour = "base" if numbers["use_base_colour_space"] else "alternate"
    planes = "one channel" if gain_map["channels"] == 1 else "three channels"
    low, high = numbers["base_hdr_headroom"], numbers["alternate_hdr_headroom"]
    names = ("R", "G", "B") if len(numbers["channels"]) == 3 else ("all",)
    return [
        f"Standard gain map: {gain_map['bytes']:,} bytes",
        f"  {gain_map['width']} x {gain_map['height']}, {planes}",
        f"  metadata: {_CARRIERS[gain_map['carrier']]}; maths in the primaries of the {colour}",
        f"  headroom: base {low:.2f}, alternate {high:.2f} stops",
        *(_channel_line(*pair) for pair in zip(names, numbers["channels"], strict=True)),
    ]


def _channel_line(name: str, channel: dict[str, float]) -> str:
    low, high = (round(channel[name], 2) + 0.0 for name in ("gain_map_min", "gain_map_max"))  # no "-0.00"
    gains = f"gain {low:+.2f} to {high:+.2f} stops"
    offsets = f"offsets {channel['base_offset']:g} and {channel['alternate_offset']:g}"
    return f"  {name}: {gains}, gamma {channel['gamma']:g}, {offsets}"


def _payload_lines(payload: dict[str, Any]) -> list[str]:
    reached = f", {payload['neural_psnr']:.2f} dB" if payload["neural_psnr"] else ""
    bound = {
        "strict": "made for this very base",
        "soft": "made for this base before it was coded again",
        None: "made for another base: not used",
    }[payload["bound_by"]]
    return [
        f"Neural gain map: {payload['bytes']:,} bytes{reached}",
        f"  preset {payload['preset']}, domain {payload['domain']}, {payload['weights']:,} weights",
        f"  {bound}",
    ]
