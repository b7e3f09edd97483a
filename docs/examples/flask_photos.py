"""Flask: photos are uploaded, kept without their places, and shown at the size that a page asks for, in HDR.

flask --app "flask_photos:create_app('photos')" run
curl -F photo=@beach.jpg http://localhost:5000/photos
curl -o small.jpg "http://localhost:5000/photos/beach.jpg?size=640"
"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from flask import Flask, Response, abort, request, send_from_directory, url_for
from werkzeug.utils import secure_filename

import gainmap_codec as gm

SIZES = (320, 640, 1280)  # of the longer side; a fixed few: any number would let strangers fill the disk
LIMITS = gm.Limits(pixels=1 << 26, file_bytes=1 << 26)


def create_app(folder: str) -> Flask:
    """The application; its photos are in a folder, and their smaller files in `small` below it."""
    photos = Path(folder).resolve()
    (photos / "small").mkdir(parents=True, exist_ok=True)
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LIMITS.file_bytes

    @app.errorhandler(gm.GainMapError)
    def refuse(error: gm.GainMapError) -> tuple[str, int]:
        return f"{error}\n", 415

    @app.post("/photos")
    def upload() -> tuple[dict[str, str], int]:
        if "photo" not in request.files or not (name := secure_filename(request.files["photo"].filename or "")):
            abort(400, "photo: expected a file, got none")
        if (photos / name).exists():
            abort(409, f"{name}: there is such a photo already")
        data = gm.transcode(request.files["photo"], strip="gps", limits=LIMITS)
        write(photos / name, data)
        return {"url": url_for("show", name=name)}, 201

    @app.get("/photos/<name>")
    def show(name: str) -> Response:
        size = request.args.get("size", type=int)
        if size is None:
            return send_from_directory(photos, name)
        if size not in SIZES:
            abort(400, f"size: expected one of {SIZES}, got {size}")
        if name != secure_filename(name) or not (photos / name).is_file():
            abort(404)
        small = photos / "small" / f"{size}-{name}"
        if not small.exists():
            write(small, gm.resize(photos / name, fit=size, preset="web", limits=LIMITS))
        return send_from_directory(small.parent, small.name)

    return app


def write(path: Path, data: bytes) -> None:
    """A file that is there whole or not at all: another request may ask for it now."""
    part = path.with_name(f".{uuid4().hex}")
    part.write_bytes(data)
    part.replace(path)
