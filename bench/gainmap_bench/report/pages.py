"""Tables, figures and the pages that hold them: Markdown and CSV, and one HTML page that needs nothing else."""

from __future__ import annotations

import csv
import io
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure as Sheet
from PIL import Image

from gainmap_codec.pixels.formats.outputs import write_atomically

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { border: 1px solid #999; padding: .2rem .6rem; text-align: left; }
td + td { font-variant-numeric: tabular-nums; }
thead { background: #eee; }
img { max-width: 100%; height: auto; }
"""


@dataclass(frozen=True)
class Table:
    """Cells as text, the first of each row naming it.

    Attributes:
        name: Of its CSV file, without suffix.
        caption: What it shows.
        header: Of the columns.
        rows: As long as the header.
    """

    name: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> list[str]:
        """Lines."""
        lines = (self.header, ("---",) * len(self.header), *self.rows)
        return ["", f"**{self.caption}**", "", *("| " + " | ".join(line) + " |" for line in lines)]

    def csv(self) -> str:
        """Comma-separated values under the header."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.header, *self.rows])
        return text.getvalue()

    def html(self) -> str:
        """A table element."""
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in self.header)
        body = "".join(
            f'<tr><th scope="row">{escape(row[0])}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for row in self.rows
        )
        caption = f"<caption>{escape(self.caption)}</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


@dataclass(frozen=True)
class Picture:
    """A PNG.

    Attributes:
        name: Of its file, without suffix.
        alt: What it shows, in words.
        png: The file.
    """

    name: str
    alt: str
    png: bytes


@dataclass(frozen=True)
class Section:
    """The page of one experiment.

    Attributes:
        name: Of its Markdown file, without suffix.
        title: Its heading.
        text: Paragraphs: what was done, and the command that does it.
        parts: Tables and pictures.
    """

    name: str
    title: str
    text: tuple[str, ...]
    parts: tuple[Table | Picture, ...]

    def tables(self) -> str:
        """Its tables as Markdown."""
        return "\n".join("\n".join(part.markdown()) for part in self.parts if isinstance(part, Table))

    def write(self, folder: Path) -> None:
        """Its Markdown page with all CSV and PNG files beside it."""
        lines = [f"# {self.title}", *(f"\n{paragraph}" for paragraph in self.text)]
        for part in self.parts:
            if isinstance(part, Table):
                lines += [*part.markdown(), "", f"[CSV]({part.name}.csv)"]
                write_atomically(folder / f"{part.name}.csv", part.csv().encode())
            else:
                lines += ["", f"![{part.alt}]({part.name}.png)"]
                write_atomically(folder / f"{part.name}.png", part.png)
        write_atomically(folder / f"{self.name}.md", "\n".join([*lines, ""]).encode())

    def html(self) -> str:
        """A section element."""
        text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in self.text)
        parts = "\n".join(part.html() if isinstance(part, Table) else _image(part) for part in self.parts)
        return f"<section><h2>{escape(self.title)}</h2>{text}\n{parts}</section>"


def _image(picture: Picture) -> str:
    data = b64encode(picture.png).decode("ascii")
    return f'<p><img alt="{escape(picture.alt)}" src="data:image/png;base64,{data}"></p>'


def write_page(title: str, sections: Sequence[Section], path: Path) -> None:
    """One HTML page of all sections, pictures within."""
    body = "\n".join(section.html() for section in sections)
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    page = (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}<style>{_STYLE}</style></head>\n'
        f"<body><main><h1>{escape(title)}</h1>\n{body}\n</main></body></html>\n"
    )
    write_atomically(path, page.encode())


def small_png(sheet: Sheet, colors: int = 256, dither: Image.Dither = Image.Dither.FLOYDSTEINBERG) -> bytes:
    """A sheet as a PNG with a palette: a third of the bytes, and of fields without dithering a sixth."""
    stream, smaller = BytesIO(), BytesIO()
    sheet.savefig(stream, format="png")
    picture = Image.open(stream).convert("RGB")
    palette = picture.quantize(colors)
    dithered = picture.quantize(colors, palette=palette, dither=dither)
    dithered.save(smaller, "PNG", optimize=True)
    return smaller.getvalue()


def file_name(text: str) -> str:
    """Lower-case words joined by hyphens."""
    return "-".join("".join(char if char.isalnum() else " " for char in text.lower()).split())
