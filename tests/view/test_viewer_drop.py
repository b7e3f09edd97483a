"""Photos dropped on the page in Chromium: they are shown as Python decodes them (make test-readers)."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.container import parse_file, serialize_file
from gainmap_codec.files.records import CodedImage, Container
from gainmap_codec.pixels.color.code_points import SRGB
from gainmap_codec.pixels.color.light import srgb_encode
from gainmap_codec.pixels.formats.coded_image import decode_coded_image
from gainmap_codec.pixels.raster.geometry import to_stored
from gainmap_codec.pixels.raster.tone_map import encode_base, tone_map
from gainmap_codec.view.page import assemble_page
from support.codestreams import avif_of_tiles
from support.networks import random_network
from support.pages import (
    AXE,
    NEEDS_CHROMIUM,
    SCENE,
    OpenPage,
    alone,
    assert_axe_finds_nothing,
    drawn,
    picture_codes,
    shot,
    with_network,
)
from support.paths import FIXTURES

pytestmark = NEEDS_CHROMIUM

NETWORK = random_network("balanced", seed=4, residual_scale=0.75, alternate_hdr_headroom=2.5)
EXIF_TURNED = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
DROP = """([name, text]) => {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  const options = { dataTransfer, bubbles: true, cancelable: true };
  const send = (kind) => document.body.dispatchEvent(new DragEvent(kind, options));
  send("dragenter");
  const isMarked = document.body.classList.contains("dragging");
  send("drop");
  return isMarked && !document.body.classList.contains("dragging");
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    page = tmp_path_factory.mktemp("site") / "index.html"
    page.write_bytes(assemble_page([]))
    return page.as_uri()


def files_of(page: Any, **files: bytes) -> None:
    """Choose files, and wait until the first of them is shown."""
    page.set_input_files("#file", [{"name": name, "mimeType": "", "buffer": data} for name, data in files.items()])
    page.wait_for_selector("#stage:not(.sdr-only)", timeout=60_000)


def turned_file(container: Container) -> bytes:
    sdr = to_stored(encode_base(tone_map(SCENE.convert("srgb").pixels, headroom=3.0)), 6)
    standard = gm.encode(SCENE, sdr, carry="standard", exif=EXIF_TURNED, container=container)
    return with_network(standard, random_network(seed=4))


def p3_file(container: Container) -> bytes:
    return gm.encode(SCENE, carry="standard", map_channels=3, base_color_space="display-p3", container=container)


MADE: dict[str, Callable[[Container], bytes]] = {
    "both": lambda container: with_network(gm.encode(SCENE, carry="standard", container=container), NETWORK),
    "turned": turned_file,
    "p3": p3_file,
    "tiles": lambda _: tiled_avif(),
    "apple": lambda _: gm.encode(gm.HdrImage(SCENE.pixels * np.float32(0.5)), carry="apple"),
}


def tiled_avif() -> bytes:
    """A base of 2 by 2 tiles, and its gain map of 1 by 2."""
    made = parse_file(
        gm.encode(SCENE, carry="standard", container="avif", map_channels=3, map_scale=1), "", gm.Limits()
    )
    stored = made.gain_map
    assert stored is not None

    def tiled(image: CodedImage, nclx: Nclx, columns: int) -> CodedImage:
        return parse_file(avif_of_tiles(decode_coded_image(image), nclx, 2, columns), "", gm.Limits()).base

    image = replace(tiled(stored.image, Nclx(2, 2, 6, True), 1), nclx=stored.image.nclx)
    return serialize_file(replace(made, base=tiled(made.base, SRGB, 2), gain_map=replace(stored, image=image)), [])


JPEGS: list[tuple[str, Container]] = [(kind, "jpeg") for kind in ("both", "turned", "p3", "apple")]
AVIFS: list[tuple[str, Container]] = [(kind, "avif") for kind in ("both", "turned", "p3", "tiles")]


@pytest.mark.parametrize(("kind", "container"), [*JPEGS, *AVIFS])
def test_dropped_photos_are_what_python_decodes(
    open_page: OpenPage, site: str, kind: str, container: Container
) -> None:
    data = MADE[kind](container)
    page = open_page(site)
    files_of(page, photo=data)
    page.get_by_label("cut off").check()
    sides = page.locator("#right option").evaluate_all("(all) => all.map(({ value }) => value)")
    assert sides == (["base", "neural", "standard"] if kind in ("both", "turned") else ["base", "hdr"])
    for side in sides:
        alone(page, side)
        wanted = gm.decode(data, prefer="standard" if side == "hdr" else side, color_space="display-p3").pixels
        assert np.mean(np.abs(picture_codes(page) - srgb_encode(wanted)).max(axis=2) * 255 <= 2) >= 0.99, side
    assert page.complaints == []
    page.context.close()


def test_a_dropped_avif_of_ten_bits_is_shown_by_eight(open_page: OpenPage, site: str) -> None:
    """As canvases give its code values: a map makes up to four 8-bit codes of the half code that they are off."""
    data = gm.encode(SCENE, carry="standard", container="avif", base_bits=10)
    page = open_page(site)
    files_of(page, photo=data)
    page.get_by_label("cut off").check()
    alone(page, "hdr")
    away = np.abs(picture_codes(page) - srgb_encode(gm.decode(data, color_space="display-p3").pixels)).max(axis=2) * 255
    assert np.mean(away <= 2) >= 0.85 and away.max() <= 5
    page.context.close()


def test_a_photo_is_dropped_on_the_page(open_page: OpenPage, site: str, scene_file: bytes) -> None:
    from playwright.sync_api import expect

    page = open_page(site)
    assert page.is_visible("#welcome") and not page.is_visible("#viewer")
    assert page.evaluate(DROP, ["<b>one</b>.jpg", base64.b64encode(scene_file).decode()])
    expect(page.locator("#title")).to_have_text("<b>one</b>.jpg")
    page.wait_for_selector("#controls:not([hidden])")
    assert page.is_visible("#viewer") and not page.is_visible("#welcome")
    page.evaluate(DROP, ["two.jpg", base64.b64encode(scene_file).decode()])
    expect(page.locator("#strip button")).to_have_count(2)
    expect(page.locator("#title")).to_have_text("two.jpg")
    assert page.complaints == []
    page.context.close()


def test_what_cannot_be_shown_is_said(open_page: OpenPage, site: str) -> None:
    """Each file by itself; the others are shown, AVIF that is HDR by itself as the browser shows it."""
    page = open_page(site)
    avif = (FIXTURES / "heif/tmap-hdr-base.avif").read_bytes()
    heic = next(path.read_bytes() for path in sorted((FIXTURES / "heif").glob("*.heic")))
    huge = (FIXTURES / "invalid/base-huge-size.jpg").read_bytes()
    broken = {"cut.heic": heic[:-200], "cut.avif": avif[:-200], "garbled.avif": avif[:-200] + bytes(200)}
    files_of(page, **{"notes.txt": b"hello", "a.heic": heic, **broken, "huge.jpg": huge, "b.avif": avif})
    troubles = page.inner_text("#trouble").split("\n")
    assert troubles == [
        "notes.txt: expected a picture, such as a JPEG with a gain map",
        "a.heic: this page cannot open HEIC yet.",
        "The command gainmap view of the program gainmap-codec makes a page that shows it.",
        "cut.heic: this HEIC is cut off",
        "cut.avif: this AVIF is cut off",
        "garbled.avif: this AVIF is damaged: the browser cannot decode it",
        "huge.jpg: expected 1 to 134217728 pixels, got 65535 × 65535",
    ]
    assert page.inner_text("#title") == "b.avif"
    assert page.inner_text("#status").startswith("Shown in SDR: the picture is HDR by itself")
    assert "Shown as the browser shows it, in SDR: the picture is HDR by itself" in page.inner_text("#notes")
    assert page.complaints == []
    page.context.close()


def test_files_of_one_name_are_told_apart(open_page: OpenPage, site: str, scene_file: bytes) -> None:
    """And pictures that have nothing else to tell have no details."""
    stream = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(stream, "PNG")
    page = open_page(site)
    for _ in range(2):
        files_of(page, **{"same.png": stream.getvalue()})
    page.wait_for_selector("#strip button:nth-child(2)[aria-current=true]")
    page.wait_for_selector("html[data-state=ready]")
    assert page.inner_text("#title") == "same.png (2)"
    assert page.locator("#right option").all_inner_texts() == ["SDR", "same.png"]
    assert page.inner_text("#right-name") == "Picture"
    assert not any(page.is_visible(name) for name in ("#details", "#left", "#layouts", "#overlay"))
    page.context.close()


def test_a_photo_that_is_cut_off_is_shown_as_far_as_it_goes(open_page: OpenPage, site: str, scene_file: bytes) -> None:
    page = open_page(site)
    files_of(page, **{"cut.jpg": scene_file[: len(alone_of(scene_file)) * 3 // 4]})
    assert "The file is cut off: what is left of the picture is shown." in page.inner_text("#notes")
    assert page.is_visible("#controls") and page.inner_text("#right-tag") == "SDR"
    page.click("#actual")
    drawn(page)
    codes, wanted = picture_codes(page), gm.decode(scene_file, prefer="base", color_space="display-p3").pixels
    assert np.abs(codes[:32] - srgb_encode(wanted[:32])).max() * 255 <= 3
    assert page.complaints == []
    page.context.close()


def alone_of(data: bytes) -> bytes:
    """The base of a JPEG with gain maps, without what follows it."""
    return data[: data.index(b"\xff\xd9\xff\xd8") + 2]


@pytest.mark.parametrize(("scheme", "width"), [("dark", 390), ("light", 1440)])
def test_axe_finds_nothing_before_there_is_a_photo(open_page: OpenPage, site: str, scheme: str, width: int) -> None:
    if not Path(AXE).exists():
        pytest.skip("axe-core is not installed (make test-readers)")
    page = open_page(site, width=width, height=900, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_axe_finds_nothing(page)
    shot(page, f"empty-{scheme}-{width}")
    page.context.close()
