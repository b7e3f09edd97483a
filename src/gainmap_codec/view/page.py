"""One self-contained page: the viewer's modules, style and data in its template, under a strict security policy."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

_MODULES = (
    "element",
    "color",
    "iso21496",
    "jpeg_segments",
    "base_color",
    "range_coder",
    "payload",
    "working_grid",
    "binding",
    "network",
    "shaders",
    "webgl",
    "neural_texture",
    "renderer",
    "hdr_output",
    "heif_writing",
    "coded_picture",
    "picture_file",
    "gain_map_view",
    "pan_zoom",
    "gestures",
    "stage",
    "histogram",
    "photo",
    "looks",
    "readout",
    "hdrgm",
    "exif",
    "apple",
    "code_points",
    "file_facts",
    "heif_items",
    "heif_pictures",
    "dropped_heif",
    "picture_kinds",
    "dropped_file",
    "keys",
    "facts",
    "panels",
    "thumbnails",
    "state",
    "drawing",
    "legend",
    "wishes",
    "sides",
    "showing",
    "drops",
    "page",
)
"""In an order in which each finds what it imports."""

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.MULTILINE)
_REEXPORT = re.compile(r"^export (\{[^}]*\});$", re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:const|function\*?|class) (\w+))", re.MULTILINE)


_MADE = "Made by <code>gainmap view</code>. The page holds all that it shows and loads nothing."
_MADE_FOR_VISITORS = "Made by the program gainmap-codec."
_WAITING = "This page needs JavaScript, which is switched off."
_WITHOUT_SCRIPT = "JavaScript is switched off: here is SDR alone. With it, the page shows HDR beside it."


def assemble_page(shown: list[dict[str, Any]]) -> bytes:
    """The page that shows these files; `shown` is what `shown_file` gives for each. Without any it waits for files."""
    script, style = bundled_script(), _read("page.css")
    if shown:
        style += f"#stage {{ --ratio: {shown[0]['width'] / shown[0]['height']:.6g}; }}\n"  # it keeps its height
    title = _title(shown)
    pictures = [_attributes(each) for each in shown]
    told = [{key: value for key, value in each.items() if key != "picture"} for each in shown]
    page = Template(_read("page.html")).substitute(
        policy=(
            f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src blob: data:; "
            "base-uri 'none'; form-action 'none'"
        ),
        title=escape(title),
        style=style,
        script=script,
        welcome=" hidden" if shown else "",
        viewer="" if shown else " hidden",
        without_script=_WITHOUT_SCRIPT if shown else _WAITING,
        # The first is there before the script is.
        base=f'<img id="base" {pictures[0]}>' if shown else '<img id="base" alt="">',
        base_name=f'<p class="name">{escape(shown[0]["name"])}</p>' if shown else "",
        pictures=_list([_figure(*each) for each in zip(shown[1:], pictures[1:], strict=True)]),
        made_by=_MADE if shown else _MADE_FOR_VISITORS,
        # In a script element nothing is escaped, but nothing can end it either.
        files=json.dumps(told, ensure_ascii=True).replace("<", "\\u003c"),
    )
    return page.encode("utf-8", "replace")  # a path may hold what is no text


def _attributes(shown: dict[str, Any]) -> str:
    """Attributes of an <img>."""
    size = f'width="{shown["width"]}" height="{shown["height"]}"'
    return f'alt="{escape(shown["name"])}, as SDR" {size} src="data:image/jpeg;base64,{shown["picture"]}"'


def _figure(shown: dict[str, Any], attributes: str) -> str:
    name = escape(shown["name"])
    return f'<li><figure><img loading="lazy" {attributes}><figcaption>{name}</figcaption></figure></li>'


def _list(items: list[str]) -> str:
    """The pictures behind the first; seen where there is no script."""
    return f'<ol id="pictures">{"".join(items)}</ol>'


def _title(shown: list[dict[str, Any]]) -> str:
    if not shown:
        return "HDR photo viewer"
    return str(shown[0]["name"]) if len(shown) == 1 else f"{len(shown)} pictures"


def bundled_script() -> str:
    """All modules in one script, each in a function of its own: names of one do not meet those of another."""
    return "\n".join(_wrapped(name, _read(f"{name}.js")) for name in _MODULES)


def _wrapped(name: str, text: str) -> str:
    exported = [found[1] for found in _EXPORT.findall(text)]
    text = _IMPORT.sub(r"const \1 = $\2;", text)
    text = _EXPORT.sub(r"\1", _REEXPORT.sub("", text))
    return f"const ${name} = (() => {{\n{text}\nreturn {{ {', '.join(exported)} }};\n}})();\n"


def _read(name: str) -> str:
    return (files("gainmap_codec.view") / "static" / name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
