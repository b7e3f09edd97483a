"""What becomes of a neural gain map whose base is coded anew, cut or resized: it is measured, kept, or fitted anew."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

import gainmap_codec as gm
from gainmap_codec import pillow
from gainmap_codec.codec.encoding import FittedMap
from gainmap_codec.codec.options import FitOptions, TranscodeOptions
from gainmap_codec.codec.pairing import Pair
from gainmap_codec.edit import new_payload
from gainmap_codec.edit.recoding import allowed_drift
from gainmap_codec.edit.report import TranscodeReport
from gainmap_codec.edit.transcode import transcode_with_report
from gainmap_codec.files.container import parse_file
from gainmap_codec.files.jpeg.write import serialize_jpeg
from gainmap_codec.files.payload.format import parse_payload, serialize_payload
from gainmap_codec.files.payload.records import CodedPicture, NeuralGainMap, Preset
from gainmap_codec.files.records import Fraction, GainMapFile, GainMapMetadata
from gainmap_codec.pixels.color.code_points import color_of
from gainmap_codec.pixels.color.light import Array, pq_psnr
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.maps.neural_map import render_neural_map
from support import pipeline_files as files

pytestmark = pytest.mark.usefixtures("quiet")

HALF: dict[str, Any] = {"size": (48, None), "quality": 60}
CLAIMED = 47.25
"""What a random network says that it is worth."""


def edited(source: bytes, **options: Any) -> TranscodeReport:
    return transcode_with_report(source, TranscodeOptions(**options))


def record(data: bytes) -> GainMapFile:
    return parse_file(data, "test", gm.Limits())


def network(data: bytes) -> NeuralGainMap:
    payload = record(data).payload
    assert payload is not None
    return parse_payload(payload)


def pixels(data: bytes, prefer: Any = "neural") -> Array:
    return gm.decode(data, prefer=prefer).pixels


def halved(image: Array) -> Array:
    """Means of light of 2 x 2 pixels."""
    cells = image.reshape(image.shape[0] // 2, 2, image.shape[1] // 2, 2, 3)
    return np.asarray(cells.mean(axis=(1, 3)), np.float32)


def shown_by(old: NeuralGainMap, data: bytes) -> Array:
    """What a network makes of the base of a file."""
    base = record(data).base
    return render_neural_map(old, decode_coded_image(base), color_of(base), headroom=9)


def of_preset(preset: Preset) -> bytes:
    return files.made(neural=True, preset=preset)


@cache
def fitted_anew() -> TranscodeReport:
    """Half the size, by a fit as users get it."""
    return edited(files.made(neural=True), **HALF)


class Fits:
    """In place of fits: what was asked for, and a map that is worth `psnr` and nothing else."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, psnr: float = 60.0, is_small: bool = False) -> None:
        self.asked: list[FitOptions] = []
        self.pairs: list[Pair] = []
        self._psnr, self._is_small = psnr, is_small
        monkeypatch.setattr(new_payload, "make_neural_map", self)

    def __call__(self, pair: Pair, options: FitOptions, progress: object) -> FittedMap:
        self.asked.append(options)
        self.pairs.append(pair)
        made = network(files.made(neural=True))
        made = replace(made, details=()) if self._is_small else made
        return FittedMap(
            made, serialize_payload(made), self._psnr, 0.0, ("a note",), "dims a light", ("the fit's own line",)
        )


# Resizes


def test_what_falls_is_fitted_anew_and_is_better() -> None:
    source, small = files.made(neural=True), fitted_anew().data
    wanted = halved(pixels(source))
    old, new = pq_psnr(shown_by(network(source), small), wanted), pq_psnr(pixels(small), wanted)
    assert old < CLAIMED - 3 and new > old + 0.5
    (line, fit) = (line for line in fitted_anew().notes if line.startswith("neural"))
    assert f"made anew, since the old one would give {old:.0f}"[:-2] in line and "fitted in" in fit


def test_a_new_payload_says_what_it_is_worth() -> None:
    """Its own error and that of the rendition that it was fitted to, in the format's steps of a quarter."""
    small = fitted_anew().data
    against_source = pq_psnr(pixels(small), halved(pixels(files.made(neural=True))))
    wanted = -10 * np.log10(10 ** (-against_source / 10) + 10 ** (-CLAIMED / 10))
    assert wanted - 0.25 <= network(small).neural_psnr <= wanted + 0.01
    assert network(small).preset == "balanced"


def test_what_hardly_falls_keeps_weights_and_says_what_it_is_worth_now(monkeypatch: pytest.MonkeyPatch) -> None:
    fits, source = Fits(monkeypatch), smooth()
    small = edited(source, size=(48, None), quality=100).data
    old, new = network(source), network(small)
    assert not fits.asked
    assert (new.layers, new.latents, new.details) == (old.layers, old.latents, old.details)
    drift = pq_psnr(pixels(small), halved(pixels(source)))
    wanted = -10 * np.log10(10 ** (-drift / 10) + 10 ** (-old.neural_psnr / 10))
    assert wanted - 0.25 <= new.neural_psnr <= wanted + 0.01 and new.neural_psnr < old.neural_psnr


@cache
def smooth() -> bytes:
    """A photo of one colour and little detail, with a network that says to be worth 36 dB."""
    down, across = np.mgrid[0:64, 0:96].astype(np.float32)
    codes = np.repeat((90 + down / 2 + across / 3)[..., np.newaxis], 3, axis=2).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(codes).save(stream, "JPEG", quality=98)
    made = replace(files.network_for(stream.getvalue()), neural_psnr=36.0)
    return serialize_jpeg(replace(record(stream.getvalue()), payload=serialize_payload(made)))


def test_a_new_map_that_is_not_better_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    source = files.made(neural=True)
    fits = Fits(monkeypatch, psnr=20.0)
    found = edited(source, **HALF)
    assert len(fits.asked) == 1
    assert network(found.data).layers == network(source).layers
    assert any("a new one is not better by 0.5 dB" in line for line in found.notes)
    assert "a note" not in found.warnings and "neural gain map: dims a light" not in found.notes


def test_a_map_that_is_larger_than_asked_gives_way_to_a_smaller_one(monkeypatch: pytest.MonkeyPatch) -> None:
    source = files.made(neural=True)
    kept = record(source).payload
    assert kept is not None
    fits = Fits(monkeypatch, psnr=20.0, is_small=True)
    found = edited(source, **HALF, target_bytes=len(kept) - 1)
    payload = record(found.data).payload
    assert len(fits.asked) == 1 and payload is not None and len(payload) < len(kept) and "a note" in found.warnings


def test_a_map_that_is_kept_though_larger_than_asked_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    Fits(monkeypatch)
    found = edited(files.made(neural=True), **HALF, target_bytes=30)
    (line,) = (line for line in found.warnings if line.startswith("target_bytes"))
    payload = record(found.data).payload
    assert payload is not None and f"expected at most 30, got {len(payload)}" in line


@pytest.mark.parametrize(
    ("psnr", "target", "why"),
    [
        (20.0, 40.0, "the best that was found"),
        (53.0, 46.5, "the source itself has 47.25 dB"),
        (53.0, 60.0, "the source itself has 47.25 dB"),
    ],
)
def test_a_missed_quality_is_told(psnr: float, target: float, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a map that is kept and of a new one, against the HDR original."""
    Fits(monkeypatch, psnr=psnr)
    found = edited(files.made(neural=True), **HALF, target_psnr=target)
    (line,) = (line for line in found.warnings if line.startswith("target_psnr"))
    got = float(line.split("got ")[1].split(" dB")[0])
    assert "the fit's own line" not in found.warnings
    assert line.startswith(f"target_psnr: expected {target:.2f} dB, got ") and line.endswith(f" dB, {why}")
    assert network(found.data).neural_psnr == pytest.approx(got, abs=0.26) and ("a note" in found.warnings) == (
        psnr > 40
    )


@pytest.mark.parametrize("target", [0.0, 40.0, 46.25])
def test_a_quality_that_is_reached_is_no_warning(target: float, monkeypatch: pytest.MonkeyPatch) -> None:
    Fits(monkeypatch, psnr=allowed_drift(CLAIMED, 46.25))
    found = edited(files.made(neural=True), **HALF, target_psnr=target)
    assert not any(line.startswith("target_psnr") for line in found.warnings)
    assert network(found.data).neural_psnr == 46.25


@pytest.mark.parametrize(
    ("target", "asked"), [(0.0, 0.0), (40.0, 40.90), (46.25, 53.12), (47.0, 53.12), (1e308, 53.12)]
)
def test_a_target_is_against_the_original(target: float, asked: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new map's error and the source's make the target's together; 1 dB below what the source has is near enough."""
    fits = Fits(monkeypatch)
    edited(files.made(neural=True), **HALF, target_psnr=target)
    assert fits.asked[0].target_psnr == pytest.approx(asked, abs=0.01)


@pytest.mark.parametrize(
    "options", [HALF, {"box": (8, 8, 60, 40), "quality": 50}, {"quality": 60}, {"container": "avif"}]
)
def test_every_change_of_a_base_is_measured(options: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fits = Fits(monkeypatch)
    found = edited(files.made(neural=True), **options)
    assert len(fits.asked) == 1 and "a note" in found.warnings and "neural gain map: dims a light" in found.notes
    assert fits.pairs[0].hdr.shape == fits.pairs[0].codes.shape


def test_a_base_that_stays_needs_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    fits = Fits(monkeypatch)
    found = edited(files.made(neural=True), strip="gps")
    assert not fits.asked and any("kept bit for bit" in line for line in found.notes)


# Which fit


@pytest.mark.parametrize(
    ("old", "options", "wanted"),
    [
        ("tiny", {}, "tiny"),
        ("best", {}, "best"),
        ("tiny", {"preset": "best"}, "best"),
        ("balanced", {"preset": "web"}, "tiny"),
    ],
)
def test_a_fit_is_of_the_old_preset_unless_another_is_asked_for(
    old: Preset, options: Any, wanted: Preset, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = Fits(monkeypatch)
    edited(with_network(replace(network(files.made(neural=True)), preset=old)), **HALF, **options, effort=2)
    (asked,) = fits.asked
    assert (asked.preset, asked.effort) == (wanted, 2)


def with_network(changed: NeuralGainMap) -> bytes:
    return serialize_jpeg(replace(record(files.made(neural=True)), payload=serialize_payload(changed)))


@pytest.mark.parametrize("preset", ["paper-gain", "paper-gamma"])
def test_published_networks_stay(preset: Preset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their fits take minutes, and need torch."""
    fits = Fits(monkeypatch)
    found = edited(of_preset(preset), **HALF)
    assert not fits.asked
    assert network(found.data).layers == network(of_preset(preset)).layers
    assert any("kept, weights and latents bit for bit" in line for line in found.notes)


def test_large_bases_are_not_fitted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    fits = Fits(monkeypatch)
    monkeypatch.setattr(new_payload, "_MOST_PIXELS", 48 * 32 - 1)
    edited(files.made(neural=True), **HALF)
    assert not fits.asked
    monkeypatch.setattr(new_payload, "_MOST_PIXELS", 48 * 32)
    edited(files.made(neural=True), **HALF)
    assert fits.asked


# Which rendition is the truth


@pytest.mark.parametrize(("standard_psnr", "kind"), [(42.5, "neural"), (60.0, "standard")])
def test_the_map_that_came_nearer_to_the_original_is_fitted_to(
    standard_psnr: float, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = record(files.both())
    assert file.payload is not None
    told = serialize_payload(replace(parse_payload(file.payload), standard_psnr=standard_psnr))
    source = serialize_jpeg(replace(file, payload=told))
    fits = Fits(monkeypatch)
    edited(source, **HALF)
    assert pq_psnr(fits.pairs[0].hdr, halved(pixels(source, kind))) > 60
    assert fits.pairs[0].gain is None


def test_both_maps_say_what_they_are_worth_on_the_new_base(monkeypatch: pytest.MonkeyPatch) -> None:
    Fits(monkeypatch)
    source = files.both()
    small = edited(source, size=(48, None), quality=100).data
    drift = pq_psnr(pixels(small, "standard"), halved(pixels(source, "standard")))
    wanted = -10 * np.log10(10 ** (-drift / 10) + 10 ** (-42.5 / 10))
    assert wanted - 0.25 <= network(small).standard_psnr <= wanted + 0.01 and network(small).standard_psnr < 42.5


# What nobody measured is not told


UNKNOWN = "how near that was to the HDR picture is not known"


@pytest.mark.parametrize("options", [{"container": "avif"}, {"quality": 95}, {"box": (8, 8, 80, 56), "quality": 100}])
def test_on_a_base_that_was_coded_again_no_number_holds(options: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Fits(monkeypatch, psnr=20.0)
    source = files.with_base_coded_again(files.both())
    assert (network(source).neural_psnr, network(source).standard_psnr) == (CLAIMED, 42.5)
    found = edited(source, **options)
    assert (network(found.data).neural_psnr, network(found.data).standard_psnr) == (0, 0)
    (line,) = (line for line in found.notes if line.startswith("neural gain map"))
    assert UNKNOWN in line and "so about" not in line
    assert gm.decode(found.data).rendered_from == "neural"


def test_a_map_that_is_fitted_to_what_such_a_source_shows_has_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    fits, source = Fits(monkeypatch), files.with_base_coded_again(files.made(neural=True))
    found = edited(source, **HALF, target_psnr=58.0)
    assert fits.asked[0].target_psnr == 58.0, "against what the source shows: more is not known"
    assert network(found.data).neural_psnr == 0
    assert any(f"60.00 dB against what the source shows; {UNKNOWN}" in line for line in found.notes)
    assert not any(line.startswith("target_psnr") for line in found.warnings)
    missed = edited(source, **HALF, target_psnr=61.0)
    assert any("target_psnr: expected 61.00 dB, got 60.00 dB" in line for line in missed.warnings)


def test_a_base_that_stays_as_it_was_coded_again_keeps_the_numbers_of_the_first_one() -> None:
    """They are still of that base, and the payload still says which one that is."""
    source = files.with_base_coded_again(files.both())
    kept = edited(source, strip="gps").data
    assert network(kept) == network(source)
    info = gm.inspect(kept).payload
    assert info is not None and (info.bound_by, info.neural_psnr) == ("soft", CLAIMED)
    new = network(edited(files.with_base_coded_again(files.made(neural=True)), carry="both").data)
    assert new.neural_psnr == CLAIMED and new.standard_psnr == 0


# What other programs have drawn stays


def test_what_pillow_drew_is_no_error_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fit to the source's HDR rendition would take it away."""
    fits, source = Fits(monkeypatch), files.made(neural=True)
    for draws, count in ((draw_dot, 0), (lambda image: image, 1)):
        fits.asked.clear()
        assert network(saved(draws(pillow.resize(pillow.open(source), (48, None))), quality=60)).layers
        assert len(fits.asked) == count


def test_what_pillow_drew_on_leaves_no_number() -> None:
    drawn = saved(draw_dot(pillow.open(files.both())), quality=60)
    assert (network(drawn).neural_psnr, network(drawn).standard_psnr) == (0, 0)


def draw_dot(image: Image.Image) -> Image.Image:
    ImageDraw.Draw(image).point((20, 20), "red")
    return image


def saved(image: Image.Image, **options: Any) -> bytes:
    stream = io.BytesIO()
    pillow.save(image, stream, format="JPEG", **options)
    return stream.getvalue()


# What cannot be shown


def test_a_payload_whose_picture_is_broken_stays_with_a_warning() -> None:
    broken = CodedPicture(level=0, zero=128, step_exponent=-12, tools=0, frame=bytes(40))
    source = with_network(replace(network(files.made(neural=True)), picture=broken))
    with pytest.warns(gm.GainMapWarning, match="cannot be used"):
        assert gm.decode(source).rendered_from == "base"
    found = edited(source, **HALF)
    assert network(found.data).picture == broken
    assert any("the neural gain map cannot be used and is kept as it is" in line for line in found.warnings)


# Bases that have headroom themselves


def with_headrooms(base: int, alternate: int) -> bytes:
    """A photo whose map says so of its two renditions; its base is of no HDR colour."""
    file = record(files.made(standard=True))
    assert file.gain_map is not None and isinstance(file.gain_map.metadata, GainMapMetadata)
    low, high = Fraction(base, 1), Fraction(alternate, 1)
    metadata = replace(file.gain_map.metadata, base_hdr_headroom=low, alternate_hdr_headroom=high)
    return serialize_jpeg(replace(file, gain_map=replace(file.gain_map, metadata=metadata)))


@pytest.mark.parametrize("carry", ["neural", "both"])
def test_up_to_the_headroom_of_its_base_a_photo_shows_that(carry: Any, short_fits: None) -> None:
    source = with_headrooms(1, 3)
    for made in (edited(source, carry=carry).data, gm.encode(source, carry=carry)):
        assert (network(made).base_hdr_headroom, network(made).alternate_hdr_headroom) == (1, 3)
        for prefer in ("neural", "standard") if carry == "both" else ("neural",):
            shown = [gm.decode(made, prefer=prefer, headroom=stops).pixels for stops in (0, 1, 3)]
            assert np.array_equal(shown[0], shown[1]) and pq_psnr(shown[2], shown[1]) < 40


def test_a_standard_map_made_of_a_network_has_the_headroom_of_its_base() -> None:
    source = with_network(replace(network(files.made(neural=True)), base_hdr_headroom=1.0))
    made = record(edited(source, carry="standard").data).gain_map
    assert made is not None and isinstance(made.metadata, GainMapMetadata)
    assert float(made.metadata.base_hdr_headroom) == 1


@pytest.mark.parametrize("carry", ["neural", "both"])
def test_no_network_leads_down_from_its_base(carry: Any) -> None:
    source = with_headrooms(3, 0)
    with pytest.raises(
        gm.UnsupportedError, match=r"expected an SDR base for a neural gain map, got an HDR one \(swap makes one\)"
    ):
        edited(source, carry=carry)
    with pytest.raises(
        gm.UnsupportedError, match="expected an SDR base, got an HDR one, which its gain map leads down"
    ):
        gm.encode(source, carry=carry)
