"""The examples in docs/examples do what they say."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import IO, Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import numpy as np
import pytest
from PIL import Image

import gainmap_codec as gm
from gainmap_codec.pixels.color.light import pq_psnr
from gainmap_codec.pixels.scene import render_scene
from support.paths import FIXTURES, ROOT

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
    assert {path.stem for path in FOLDER.glob("*.py")} == {
        "django_photos",
        "flask_photos",
        "heif_convert",
        "imageio_hdr",
        "lightroom_export",
        "opencv_hdr",
        "thumbnails",
    }


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


def example_command(name: str, *arguments: object) -> tuple[int, str]:
    """The exit code and standard error of an example that is run as a program."""
    words = [sys.executable, FOLDER / f"{name}.py", *arguments]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize("name", ["apple-maker-note.heic", "tmap.avif"])
def test_heif_convert_keeps_hdr(name: str, tmp_path: Path) -> None:
    source, target = FIXTURES / "heif" / name, tmp_path / "photo.jpg"
    assert example_command("heif_convert", "-q", 92, source, target)[0] == 0
    found = gm.decode(target)
    assert found.rendered_from == "standard"
    assert pq_psnr(found.pixels, gm.decode(source).pixels) > 30
    picture = tmp_path / "photo.png"
    code, said = example_command("heif_convert", source, picture)
    assert code == 0 and "HdrLostWarning" in said
    with Image.open(picture) as sdr:
        assert sdr.size == found.pixels.shape[1::-1]


def test_heif_convert_says_what_is_wrong_in_a_line(tmp_path: Path) -> None:
    code, said = example_command("heif_convert", tmp_path / "none.heic", tmp_path / "none.jpg")
    assert code == 1 and said.count("\n") == 1 and "none.heic" in said
    assert list(tmp_path.iterdir()) == []


def test_lightroom_exports_are_shared(photo: Path, tmp_path: Path) -> None:
    image = gm.decode(photo)
    exif = {"Artist": "Zoë", "GPSLatitude": (48, 12, 30.5)}
    (tmp_path / "whole.jpg").write_bytes(gm.encode(image, carry="standard", exif=exif))
    gm.decode(photo, prefer="base").to_sdr().save(tmp_path / "pair.jpg", quality=95)
    for name in ("pair-HDR.avif", "alone-HDR.avif"):
        image.save(tmp_path / name)
    (tmp_path / "sdr.jpg").write_bytes((tmp_path / "pair.jpg").read_bytes())
    code, said = example_command("lightroom_export", *sorted(tmp_path.iterdir()))
    assert code == 1 and said.count("\n") == 1 and "sdr.jpg" in said and "gain map" in said
    shared = {path.name: gm.decode(path) for path in (tmp_path / "shared").iterdir()}
    assert sorted(shared) == ["alone.jpg", "pair.jpg", "whole.jpg"]
    for found in shared.values():
        assert found.rendered_from == "standard" and pq_psnr(found.pixels, image.pixels) > 30
    assert (has_place(tmp_path / "whole.jpg"), has_place(tmp_path / "shared" / "whole.jpg")) == (True, False)


def has_place(photo: Path | IO[bytes]) -> bool:
    """Whether Pillow finds a GPS directory."""
    with Image.open(photo) as image:
        return bool(image.getexif().get_ifd(0x8825))


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo that tells where it was taken."""
    path = tmp_path_factory.mktemp("placed") / "beach.jpg"
    exif = {"GPSLatitude": (48, 12, 30.5), "GPSLatitudeRef": "N"}
    path.write_bytes(gm.encode(gm.HdrImage(render_scene(384, 256)), carry="standard", exif=exif))
    assert has_place(path)
    return path


@pytest.fixture(scope="module")
def django_photo(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A model of Django's with the field, in a database that is in memory."""
    django = pytest.importorskip("django")
    from django.conf import settings
    from django.db import connection, models

    media = tmp_path_factory.mktemp("media")
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    settings.configure(DATABASES={"default": database}, MEDIA_ROOT=media, MEDIA_URL="/media/", LOGGING_CONFIG=None)
    django.setup()
    field = example("django_photos").HdrImageField

    class Photo(models.Model):  # type: ignore[misc]
        image = field(upload_to="photos", widths=(96, 192, 1920))

        class Meta:
            app_label = "photos"

    with connection.schema_editor() as editor:
        editor.create_model(Photo)
    return Photo


def test_django_keeps_hdr_in_all_sizes_and_no_places(django_photo: Any, placed: Path) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    photo = django_photo(image=SimpleUploadedFile("beach.jpg", placed.read_bytes()))
    photo.full_clean()
    photo.save()
    image = django_photo.objects.get(pk=photo.pk).image
    assert image.srcset == (
        "/media/photos/beach-96.jpg 96w, /media/photos/beach-192.jpg 192w, /media/photos/beach.jpg 384w"
    )
    for name, width in [(image.name, 384), (image.name_at(96), 96), (image.name_at(192), 192)]:
        path = Path(image.storage.path(name))
        found = gm.decode(path)
        assert (found.rendered_from, found.pixels.shape[1]) == ("standard", width)
        assert found.pixels.max() > 2 and not has_place(path)
    folder = Path(image.path).parent
    image.delete()
    assert list(folder.iterdir()) == []


def test_djangos_form_says_what_is_wrong(django_photo: Any, placed: Path) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.forms import modelform_factory

    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "GIF")
    form_class = modelform_factory(django_photo, fields=["image"])
    for name, data, line in [
        ("it.gif", stream.getvalue(), "it.gif: expected a JPEG, HEIC, AVIF or JPEG XL file, got one that begins"),
        ("it.jpg", b"no picture", "Upload a valid image"),
    ]:
        form = form_class(files={"image": SimpleUploadedFile(name, data)})
        (error,) = form.errors["image"]
        assert line in error
    assert form_class(files={"image": SimpleUploadedFile("beach.jpg", placed.read_bytes())}).is_valid()


def test_djangos_migrations_know_the_widths(django_photo: Any) -> None:
    *_, options = django_photo._meta.get_field("image").deconstruct()
    assert options == {"upload_to": "photos", "widths": (96, 192, 1920)}


@pytest.fixture
def flask_client(tmp_path: Path) -> Any:
    pytest.importorskip("flask")
    return example("flask_photos").create_app(str(tmp_path / "photos")).test_client()


def test_flask_keeps_hdr_and_no_places(flask_client: Any, placed: Path) -> None:
    with placed.open("rb") as file:
        answer = flask_client.post("/photos", data={"photo": (file, "beach.jpg")})
    assert (answer.status_code, answer.json) == (201, {"url": "/photos/beach.jpg"})
    for query, width in [("", 384), ("?size=320", 320), ("?size=320", 320)]:  # made, then found
        got = flask_client.get(f"/photos/beach.jpg{query}")
        found = gm.decode(got.data)
        assert (got.status_code, got.mimetype, found.pixels.shape[1]) == (200, "image/jpeg", width)
        assert found.rendered_from == "standard" and found.pixels.max() > 2
        assert not has_place(io.BytesIO(got.data))
        got.close()


@pytest.mark.parametrize(
    ("name", "data", "status", "line"),
    [
        ("it.gif", b"GIF89a" + bytes(30), 415, b"expected a JPEG, HEIC, AVIF or JPEG XL file"),
        ("it.jpg", b"\xff\xd8\xff\xe0", 415, b"photo: JPEG at byte 2: the picture is cut off"),
        ("", b"nothing", 400, b"photo: expected a file, got none"),
    ],
)
def test_flask_refuses_uploads(name: str, data: bytes, status: int, line: bytes, flask_client: Any) -> None:
    answer = flask_client.post("/photos", data={"photo": (io.BytesIO(data), name)} if name else {})
    assert answer.status_code == status and line in answer.data


def test_flask_refuses_what_is_not_there_and_other_sizes(flask_client: Any, placed: Path) -> None:
    for name, status in [("../../beach.jpg", 201), ("beach.jpg", 409)]:
        with placed.open("rb") as file:
            assert flask_client.post("/photos", data={"photo": (file, name)}).status_code == status
    for path, status in [
        ("/photos/none.jpg", 404),
        ("/photos/none.jpg?size=320", 404),
        ("/photos/beach.jpg?size=321", 400),
        ("/photos/small?size=320", 404),
    ]:
        assert flask_client.get(path).status_code == status
