"""Sphinx: the pages of this folder, the reference from docstrings, each command's help; pages need no network."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc

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
nb_execution_timeout = 300  # seconds a cell, on a busy machine
nb_execution_raise_on_error = True
nb_execution_show_tb = True


html_theme = "furo"
html_title = project
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

myst_heading_anchors = 4
smartquotes_action = "qe"  # options begin with two hyphens
default_role = "code"  # docstrings write names in single backticks
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 80
napoleon_custom_sections = ["Source"]
napoleon_use_ivar = True


class CommandHelp(SphinxDirective):
    """What ``gainmap --help`` tells, or ``gainmap COMMAND --help`` with the command as argument, as text that wraps."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        group = click.Context(gainmap, info_name="gainmap", **gainmap.context_settings)
        command = gainmap.commands[self.arguments[0]] if self.arguments else gainmap
        context = click.Context(command, parent=group, info_name=self.arguments[0]) if self.arguments else group
        usage = command.get_usage(context).removeprefix("Usage: ")
        parameters = [each for each in command.get_params(context) if isinstance(each, click.Option)]
        records = [parameter.get_help_record(context) for parameter in parameters]
        options = nodes.definition_list("", *(_option(*record) for record in records if record))
        return [_literal(usage), *_paragraphs(command.help or ""), nodes.rubric(text="Options"), options]


def _literal(text: str) -> nodes.literal_block:
    return nodes.literal_block(text=text, language="text")


def _paragraphs(text: str) -> Iterator[nodes.Node]:
    """Of a command's help, where a paragraph of examples stands behind a backspace, as it is."""
    for paragraph in cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b\n"):
            title, *lines = paragraph.splitlines()[1:]
            yield nodes.rubric(text=title.rstrip(":"))
            yield _literal("\n".join(line.strip() for line in lines))
        else:
            yield nodes.paragraph(text=paragraph)


def _option(name: str, text: str) -> nodes.definition_list_item:
    term = nodes.term("", "", nodes.literal(text=name))
    return nodes.definition_list_item("", term, nodes.definition("", nodes.paragraph(text=text)))


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("command-help", CommandHelp)
