"""The examples in docs/examples do what they say."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.pixels.color.light import pq_psnr
from gainmap_codec.pixels.scene import render_scene
from support.paths import ROOT

FOLDER = ROOT / "docs" / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "photo.jpg"
    path.write_bytes(gm.encode(gm.HdrImage(render_scene(384, 256)), carry="standard", map_scale=1))
    return path


def test_every_example_is_tested() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == {"opencv_hdr", "imageio_hdr", "thumbnails"}


def test_opencv(photo: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    opencv = example("opencv_hdr")
    hdr = opencv.read_hdr_bgr(photo)
    np.testing.assert_array_equal(hdr[..., 0], gm.decode(photo, color_space="srgb").pixels[..., 2])
    opencv.half_size(photo, tmp_path / "half.jpg")
    half = gm.decode(tmp_path / "half.jpg").pixels
    assert half.shape == (128, 192, 3) and half.max() > 2
    wanted = gm.decode(photo).pixels.reshape(128, 2, 192, 2, 3).mean(axis=(1, 3))
    assert pq_psnr(half, wanted) > 30
    assert gm.decode(tmp_path / "half.jpg", prefer="base").pixels.max() <= 1


def test_imageio(photo: Path, tmp_path: Path) -> None:
    pytest.importorskip("imageio")
    imageio = example("imageio_hdr")
    imageio.expose(photo, tmp_path / "brighter.avif", 0.5)
    wanted = gm.decode(photo).pixels * 2**0.5
    assert pq_psnr(gm.decode(tmp_path / "brighter.avif").pixels, wanted) > 35
    imageio.small(photo, tmp_path / "small.avif")
    assert pq_psnr(gm.decode(tmp_path / "small.avif").pixels, gm.decode(photo).pixels[::2, ::2]) > 35


def get(application: Any, path: str, query: str = "") -> tuple[str, dict[str, str], bytes]:
    """A response, of an application that is held to the rules of WSGI."""
    environ: dict[str, Any] = {"SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query}
    setup_testing_defaults(environ)
    found: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
        found.extend([status, dict(headers)])
        return lambda data: None

    response: Any = validator(application)(environ, start)
    try:
        return found[0], found[1], b"".join(response)
    finally:
        response.close()


def test_thumbnails(photo: Path) -> None:
    application = example("thumbnails").application_of(photo.parent)
    status, headers, body = get(application, "/photo.jpg", "width=160")
    assert (status, headers["Content-Type"]) == ("200 OK", "image/jpeg")
    small = gm.decode(body)
    assert small.pixels.shape == (107, 160, 3)
    assert small.rendered_from == "standard" and small.pixels.max() > 2


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/none.jpg", "", "404"),
        ("/../secret.jpg", "", "404"),
        ("/%2e%2e/secret.jpg", "", "404"),
        ("/photo.jpg", "width=161", "400"),
        ("/photo.jpg", "width=-1", "400"),
        ("/photo.jpg", "width=²", "400"),
        ("/broken.jpg", "", "415"),
        ("/notes.txt", "", "404"),
    ],
)
def test_thumbnails_refuse(path: str, query: str, status: str, photo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(photo.read_bytes())
    (folder / "broken.jpg").write_bytes(photo.read_bytes()[:200])
    (folder / "notes.txt").write_text("no picture")
    (tmp_path / "secret.jpg").write_bytes(photo.read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gm.GainMapWarning)
        found, _, body = get(example("thumbnails").application_of(folder), path, query)
    assert found.startswith(status) and len(body) < 300
