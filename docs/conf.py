"""Sphinx: the pages of this folder, the reference from docstrings, each command's help; pages need no network."""

from __future__ import annotations

from collections.abc import Iterator

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from gainmap_codec import __version__
from gainmap_codec.cli.main import gainmap

project = "gainmap_codec"
author = copyright = "the authors of gainmap_codec"
version = release = __version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["examples", "figures"]

nb_execution_mode = "force"  # the notebook is kept without its results
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_show_tb = True


html_theme = "furo"
html_title = project
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

myst_heading_anchors = 4
default_role = "code"  # docstrings write names in single backticks
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 80
napoleon_custom_sections = ["Source"]
napoleon_use_ivar = True


class CommandHelp(SphinxDirective):
    """What ``gainmap --help`` prints, and the same of each command under a heading of its own."""

    def run(self) -> list[nodes.Node]:
        sections: list[nodes.Node] = []
        for name, command in _commands():
            section = nodes.section(ids=[nodes.make_id(name)], names=[name])
            text = command.get_help(click.Context(command, info_name=name, terminal_width=82))
            section += [nodes.title(text=name), nodes.literal_block(text=text, language="text")]
            sections.append(section)
        return sections


def _commands() -> Iterator[tuple[str, click.Command]]:
    yield "gainmap", gainmap
    for name, command in sorted(gainmap.commands.items()):
        yield f"gainmap {name}", command


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("command-help", CommandHelp)
