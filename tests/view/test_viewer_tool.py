"""The page of `gainmap view` in Chromium: what it shows, its controls, its manners (make test-readers).

Screenshots are left in build/screenshots for people to look at.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.files.icc import parametric_curve, profile_of_chromaticities
from gainmap_codec.pixels.color.light import convert, pq_encode, srgb_encode
from gainmap_codec.pixels.raster.tone_map import tone_map
from support.pages import (
    AXE,
    HDR_ARGUMENTS,
    NEEDS_CHROMIUM,
    SCENE,
    OpenPage,
    alone,
    assert_axe_finds_nothing,
    canvas_codes,
    drawn,
    picture_codes,
    shot,
)
from support.paths import ROOT

pytestmark = NEEDS_CHROMIUM

LUMA = np.array([0.2627, 0.6780, 0.0593], np.float32)
"""Of BT.2020."""
PROPHOTO = ((0.734699, 0.265301), (0.159597, 0.840403), (0.036598, 0.000105))


def center_of(page: Any) -> tuple[float, float]:
    box = page.locator("#stage").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def zoom_of(page: Any) -> float:
    drawn(page)
    return float(page.inner_text("#zoom-text").split(" ")[0].replace(",", ""))


def test_the_page(open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes) -> None:
    address = page_of(scene=scene_file)
    page = open_page(address)
    assert page.requests[0] == address and all(url.startswith(("blob:", "data:")) for url in page.requests[1:])
    assert page.complaints == []
    assert "shows no HDR here, so HDR is tone-mapped" in page.inner_text("#status")
    assert page.locator("#figures canvas").count() == 2
    assert page.locator("#right option").all_inner_texts() == ["SDR", "HDR, neural map", "HDR, standard map"]
    assert (page.input_value("#left"), page.input_value("#right")) == ("base", "neural")
    assert page.is_visible("#exposure")
    shot(page, "page")
    page.context.close()


def test_shows_what_python_decodes(open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes) -> None:
    """The canvas against the SDR picture and both renditions: cut off at white, and tone-mapped as in Python."""
    page = open_page(page_of(scene=scene_file))
    for side in ("base", "neural", "standard"):
        alone(page, side)
        image = gm.decode(scene_file, prefer=side, color_space="display-p3")
        page.get_by_label("cut off").check()
        cut = srgb_encode(image.pixels)
        assert np.mean(np.abs(picture_codes(page) - cut).max(axis=2) * 255 <= 2) >= 0.99, side
        page.get_by_label("tone-mapped").check()
        mapped = srgb_encode(tone_map(image.pixels, headroom=image.headroom or 0.0))
        assert np.mean(np.abs(picture_codes(page) - mapped).max(axis=2) * 255 <= 2) >= 0.99, side
        assert side == "base" or np.abs(mapped - cut).max() > 0.1
    page.context.close()


def test_wheel_keys_and_double_click_zoom(open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes) -> None:
    page = open_page(page_of(scene=scene_file))
    whole = zoom_of(page)
    x, y = center_of(page)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    assert zoom_of(page) == pytest.approx(whole * np.exp(0.6), rel=0.01)
    page.mouse.wheel(0, 3000)
    page.mouse.dblclick(x - 100, y)
    assert zoom_of(page) == 100
    page.keyboard.press("0")
    assert zoom_of(page) == whole
    page.keyboard.press("+")
    assert zoom_of(page) == pytest.approx(1.5 * whole, rel=0.01)
    page.keyboard.press("1")
    assert zoom_of(page) == 100
    page.context.close()


def test_at_the_whole_picture_the_wheel_scrolls_the_page(
    open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes
) -> None:
    page = open_page(page_of(scene=scene_file))
    page.mouse.move(*center_of(page))
    page.mouse.wheel(0, 200)
    drawn(page)
    page.wait_for_timeout(500)  # it scrolls smoothly
    assert page.evaluate("scrollY") > 50
    page.context.close()


def test_two_fingers_zoom(chromium: Callable[..., OpenPage], page_of: Callable[..., str], scene_file: bytes) -> None:
    page = chromium()(page_of(scene=scene_file), width=390, has_touch=True)
    x, y = center_of(page)
    whole = zoom_of(page)
    touch = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 40), ("touchMove", 60), ("touchMove", 80)):
        points = [{"x": x - 90 - apart / 2, "y": y, "id": 0}, {"x": x - 90 + apart / 2, "y": y, "id": 1}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert zoom_of(page) == pytest.approx(2 * whole, rel=0.02)
    page.context.browser.close()


def readout(page: Any) -> dict[str, list[str]]:
    names = page.locator("#readout dt").all_inner_texts()
    values = [
        line.locator("span").all_inner_texts() or [line.inner_text()] for line in page.locator("#readout dd").all()
    ]
    return dict(zip(names, values, strict=True))


def test_the_value_under_the_cursor(open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes) -> None:
    """Also after the picture was zoomed and dragged: the numbers are those of the pixel that they name."""
    page = open_page(page_of(scene=scene_file))
    page.keyboard.press("+")
    x, y = center_of(page)
    page.mouse.move(x + 90, y + 50)
    page.mouse.down()
    page.mouse.move(x + 130, y + 90, steps=4)
    page.mouse.up()
    drawn(page)
    found = readout(page)
    column, row = map(int, found["At"][0].split(", "))
    codes = np.asarray(Image.open(io.BytesIO(scene_file)))[row, column]
    assert found["SDR"][0] == "RGB " + " ".join(map(str, codes))
    light = gm.decode(scene_file, prefer="neural", color_space="bt2020").pixels[row, column]
    nits = 203 * float(light @ LUMA)
    rgb, in_nits, in_stops = found["HDR, neural map"]
    assert float(in_nits.removesuffix(" nits").replace(",", "")) == pytest.approx(nits, rel=0.02, abs=0.1)
    assert float(in_stops.removesuffix(" stops").replace("−", "-")) == pytest.approx(np.log2(nits / 203), abs=0.03)
    own = gm.decode(scene_file, prefer="neural", color_space="srgb").pixels[row, column]
    assert [float(each) for each in rgb.split(" ")[1:]] == pytest.approx(own.tolist(), abs=0.02)
    page.mouse.move(5, 5)
    drawn(page)
    assert page.get_by_text("Point at or touch the picture to read its light.").is_visible()
    page.context.close()


def test_the_histogram_says_how_bright_the_picture_is(
    open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes
) -> None:
    page = open_page(page_of(scene=scene_file))
    page.wait_for_selector("#light:not(.stale)")
    light = gm.decode(scene_file, prefer="neural", color_space="bt2020").pixels.max(axis=2)
    stops, share = float(np.log2(light.max())), 100 * float(np.mean(light > 2 ** (1 / 10)))
    words = page.inner_text("#brightness")
    assert words.startswith(f"Brightest: {stops:.1f} stops above white (")
    assert float(words.split("than white: ")[1].split(" %")[0]) == pytest.approx(share, rel=0.1)
    assert page.inner_text("#summary").endswith(f"· brightest: {stops:.1f} stops above white")
    assert page.locator("#histogram").get_attribute("aria-label") == f"Histogram. {words}"
    page.context.close()


def test_false_colours_and_clipping(open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes) -> None:
    page = open_page(page_of(scene=scene_file))
    alone(page, "standard")
    page.get_by_label("cut off").check()
    page.select_option("#overlay", "falseColor")
    assert page.locator("#legend li").all_inner_texts()[:2] == ["grey: up to white", "from 203 nits"]
    codes = picture_codes(page)
    light = gm.decode(scene_file, prefer="standard", color_space="bt2020").pixels @ LUMA
    is_grey = np.ptp(codes, axis=2) < 2 / 255
    assert np.mean(is_grey == (light <= 1)) > 0.995
    page.select_option("#overlay", "clipping")
    assert page.locator("#legend li").all_inner_texts() == [
        "cut off: in SDR a channel at 255, in HDR brighter than is shown",
        "black in all channels",
    ]
    image = gm.decode(scene_file, prefer="standard", color_space="display-p3").pixels
    codes = picture_codes(page)
    is_marked = (codes[..., 1] < 0.15) & ((codes[..., 0] > 0.8) | (codes.max(axis=2) < 0.02))
    assert np.mean(is_marked == (image.max(axis=2) > 1)) > 0.99
    page.context.close()


def test_the_gain_map_on_top(open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes) -> None:
    """A stop is as bright as another, whatever the picture: grey, and black where HDR and SDR are the same."""
    page = open_page(page_of(scene=scene_file))
    alone(page, "standard")
    page.select_option("#overlay", "gain")
    codes = picture_codes(page)
    hdr, sdr = (gm.decode(scene_file, prefer=kind, color_space="bt2020").pixels @ LUMA for kind in ("standard", "base"))
    full = max(gm.inspect(scene_file).headroom or 0.0, gm.decode(scene_file, prefer="standard").headroom or 0.0)
    wanted = np.clip(np.log2((np.maximum(hdr, 0) + 1 / 64) / (np.maximum(sdr, 0) + 1 / 64)) / full, 0, 1)
    assert np.mean(np.abs(codes[..., 1] - wanted) * 255 <= 3) > 0.99
    page.context.close()


def test_two_photos_side_by_side(open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes) -> None:
    from playwright.sync_api import expect

    other = gm.encode(gm.HdrImage(SCENE.pixels[::-1].copy()), carry="standard")
    page = open_page(page_of(scene=scene_file, other=other))
    page.check("#layouts [value=beside]")
    page.select_option("#left", label="other.jpg")
    expect(page.locator("#left-tag")).to_have_text("other.jpg, HDR", timeout=30_000)
    page.get_by_label("cut off").check()
    page.click("#actual")
    codes = canvas_codes(page)
    half = codes.shape[1] // 2
    wanted = [gm.decode(data, color_space="display-p3").pixels for data in (other, scene_file)]
    for side, image in zip((codes[:, :half], codes[:, -half:]), wanted, strict=True):
        rows, columns = np.flatnonzero(side.max(axis=(1, 2)) > 0), np.flatnonzero(side.max(axis=(0, 2)) > 0)
        found = side[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert found.shape == image.shape
        assert np.mean(np.abs(found - srgb_encode(image)).max(axis=2) * 255 <= 2) >= 0.99
    page.keyboard.press("x")
    expect(page.locator("#right-tag")).to_have_text("other.jpg, HDR", timeout=30_000)
    shot(page, "beside")
    page.keyboard.press("n")
    expect(page.locator("#right-tag")).to_have_text("HDR")
    assert page.complaints == []
    page.context.close()


def test_on_a_phone_held_upright_sides_stand_one_below_the_other(
    open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes
) -> None:
    page = open_page(page_of(scene=scene_file), width=390, height=844)
    page.check("#layouts [value=beside]")
    page.get_by_label("cut off").check()
    page.select_option("#right", "standard")
    page.click("#actual")
    drawn(page)
    codes = canvas_codes(page)
    half = (len(codes) - 6) // 2
    sides: list[tuple[Any, Literal["base", "standard"]]] = [(codes[:half], "base"), (codes[-half:], "standard")]
    for side, kind in sides:
        columns, rows = np.flatnonzero(side.max(axis=(0, 2)) > 0), np.flatnonzero(side.max(axis=(1, 2)) > 0)
        found = side[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        wanted = srgb_encode(gm.decode(scene_file, prefer=kind, color_space="display-p3").pixels)
        assert found.shape == wanted.shape
        assert np.mean(np.abs(found - wanted).max(axis=2) * 255 <= 2) >= 0.99, kind
    page.evaluate("scrollTo(0, 0)")
    box, tag = (page.locator(name).bounding_box() for name in ("#stage", "#right-tag"))
    assert tag["y"] > box["y"] + box["height"] / 2
    page.mouse.move(195, box["y"] + 0.75 * box["height"])
    drawn(page)
    column, row = map(int, readout(page)["At"][0].split(", "))
    assert abs(column - 96) <= 1 and abs(row - 64) <= 1
    shot(page, "stacked")
    page.context.close()


def test_an_sdr_photo_is_called_so(open_page: OpenPage, page_of: Callable[..., str]) -> None:
    """Nothing to compare, nothing that says HDR; and no light above white, however wide its colours are."""
    codes = np.zeros((40, 60, 3), np.uint8)
    codes[..., 1] = 255
    stream = io.BytesIO()
    profile = profile_of_chromaticities("ProPhoto", PROPHOTO, (0.3457, 0.3585), parametric_curve(1.8))
    Image.fromarray(codes).save(stream, "JPEG", icc_profile=profile, quality=95)
    page = open_page(page_of(green=stream.getvalue()))
    assert page.inner_text("#status") == "SDR only: there is no gain map to use."
    assert page.inner_text("#right-tag") == "SDR"
    assert not any(page.is_visible(name) for name in ("#left-tag", "#split", "#layouts", "#left", "#right", "#sliders"))
    page.keyboard.press("o")
    assert not page.is_visible("#overlay") and not page.is_visible("#legend")
    page.wait_for_selector("#light:not(.stale)")
    assert page.inner_text("#brightness") == "Brightest: white (203 nits)"
    assert not page.is_visible(".key .hdr") and not page.is_visible("#maps")
    page.context.close()


def test_the_readout_is_on_the_screen(open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes) -> None:
    """Also below a strip of photos, and of a photo that is high."""
    high = gm.encode(gm.HdrImage(SCENE.pixels.transpose(1, 0, 2).copy()), carry="standard")
    page = open_page(page_of(scene=scene_file, high=high), width=1440, height=900)
    for key in ("n", "p"):
        page.keyboard.press(key)
        page.wait_for_selector("html[data-state=ready]", timeout=60_000)
        page.mouse.move(*center_of(page))
        drawn(page)
        box = page.locator("#readout").bounding_box()
        assert box["y"] + box["height"] <= 900 and len(readout(page)) == 3
    page.context.close()


def test_without_javascript_the_sdr_pictures_are_there(
    chromium: Callable[..., OpenPage], page_of: Callable[..., str], scene_file: bytes
) -> None:
    address = page_of(scene=scene_file, other=scene_file).replace("file:", "FILE:", 1)  # it is never ready
    page = chromium()(address, java_script_enabled=False)
    assert page.is_visible("noscript p")  # by its place: playwright finds no text in <noscript>
    assert page.is_visible("#base") and page.is_visible("#pictures img")
    assert page.inner_text(".name") == "scene.jpg" and page.inner_text("figcaption") == "other.jpg"
    assert not page.is_visible("#controls") and not page.is_visible("#help")
    page.context.browser.close()


def test_saves_what_is_shown(open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes) -> None:
    page = open_page(page_of(scene=scene_file))
    alone(page, "standard")
    with page.expect_download() as saved:
        page.keyboard.press("d")
    assert saved.value.suggested_filename == "scene-view.png"
    codes = canvas_codes(page)
    assert np.abs(np.asarray(Image.open(saved.value.path()).convert("RGB")) - codes * 255).max() <= 1
    page.context.close()


def test_the_keyboard_moves_everything(open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes) -> None:
    from playwright.sync_api import expect

    page = open_page(page_of(scene=scene_file))
    page.focus("#split")
    before = page.evaluate("getComputedStyle(document.getElementById('stage')).getPropertyValue('--split')")
    page.keyboard.press("PageUp")
    assert page.evaluate("getComputedStyle(document.getElementById('stage')).getPropertyValue('--split')") != before
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "split"
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#stage", "data-layout") == "beside"
    page.focus("#headroom")
    page.keyboard.press("Home")
    expect(page.locator("#headroom-text")).to_have_text("0.00 stops, 203 nits")
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    expect(page.locator("#exposure-text")).to_have_text("-6.00 stops")
    page.keyboard.press("s")
    assert page.get_attribute("#stage", "data-layout") == "one"
    page.keyboard.press("o")
    assert page.input_value("#overlay") == "falseColor"
    page.keyboard.press("t")
    expect(page.locator("#status")).to_contain_text("cut off")
    page.keyboard.press("?")
    assert page.is_visible("#sheet") and "full screen" in page.inner_text("#sheet")
    page.keyboard.press("o")
    page.keyboard.press("Escape")
    assert not page.is_visible("#sheet") and page.input_value("#overlay") == "falseColor"
    assert page.complaints == []
    page.context.close()


def test_several_files_and_hostile_names(open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes) -> None:
    """Names are text; a damaged payload and a plain picture say what is shown instead."""
    from playwright.sync_api import expect

    damaged = (ROOT / "fixtures/invalid/payload-bad-crc.jpg").read_bytes()
    plain = (ROOT / "fixtures/jpeg/base-16x16.jpg").read_bytes()
    page = open_page(page_of(**{"<img src=x onerror=alert(1)>": scene_file, "damaged": damaged, "plain": plain}))
    assert page.inner_text("h1") == "<img src=x onerror=alert(1)>.jpg"
    page.click("#strip button:nth-child(2)")
    expect(page.locator("#figures canvas")).to_have_count(1)
    assert "checksum" in page.inner_text("#notes")
    page.keyboard.press("n")
    expect(page.locator("#status")).to_contain_text("SDR only: there is no gain map", timeout=30_000)
    page.keyboard.press("n")
    expect(page.locator("#figures canvas")).to_have_count(2, timeout=30_000)
    sizes = page.locator("#strip canvas").evaluate_all("(all) => all.map(({ width }) => width)")
    assert len(sizes) == 3 and min(sizes) > 100
    assert page.complaints == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing(
    open_page: OpenPage, page_of: Callable[..., str], scene_file: bytes, scheme: str, width: int
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed (make test-readers)")
    page = open_page(page_of(scene=scene_file, other=scene_file), width=width, height=900, scheme=scheme)
    page.wait_for_selector("#light:not(.stale)")
    page.click("summary")
    page.select_option("#overlay", "falseColor")
    page.mouse.move(*center_of(page))
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in ("page", "sheet"):
        assert_axe_finds_nothing(page)
        shot(page, f"{name}-{scheme}-{width}")
        if name == "page":
            page.click("#help")
    page.context.close()


def test_without_webgl_the_base_is_shown(
    chromium: Callable[..., OpenPage], page_of: Callable[..., str], scene_file: bytes
) -> None:
    page = chromium("--disable-3d-apis")(page_of(scene=scene_file))
    assert page.inner_text("#status") == "Shown as SDR. WebGL 2 is missing in this browser"
    assert page.evaluate("document.getElementById('base').naturalWidth") == 192
    assert not page.is_visible("#split")
    assert page.complaints == []
    page.context.browser.close()


def test_true_hdr(chromium: Callable[..., OpenPage], page_of: Callable[..., str], scene_file: bytes) -> None:
    """On an HDR screen the canvas holds the whole rendition: its light beyond white comes back from it."""
    page = chromium(*HDR_ARGUMENTS)(page_of(scene=scene_file))
    if not page.evaluate("navigator.gpu?.requestAdapter().then(Boolean) ?? false"):
        pytest.skip("this Chromium has no WebGPU in software")
    assert page.inner_text("#status").startswith("True HDR")
    assert not page.is_visible("#exposure") and not page.is_visible("#highlights")
    alone(page, "standard")
    codes = picture_codes(page)
    shot(page, "hdr")
    page.context.browser.close()
    wanted = np.maximum(gm.decode(scene_file, prefer="standard", color_space="display-p3").pixels, 0)
    assert wanted.max() > 3
    light = np.where(codes <= 0.04045, codes / 12.92, ((np.maximum(codes, 0.04045) + 0.055) / 1.055) ** 2.4)
    one, other = (pq_encode(convert(pixels, "display-p3", "bt2020")) for pixels in (light, wanted))
    assert np.mean(np.abs(one - other) * 255 <= 2) >= 0.99
    assert light.max() > 0.9 * wanted.max()
