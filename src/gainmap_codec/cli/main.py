"""The command line: the group that the commands of the other modules are put in."""

from __future__ import annotations

import sys

import click

from gainmap_codec import __version__
from gainmap_codec.cli.batch import batch
from gainmap_codec.cli.common import FILE_ERRORS, INTERRUPTED, complain
from gainmap_codec.cli.decode import decode
from gainmap_codec.cli.demo import demo
from gainmap_codec.cli.edit import COMMANDS
from gainmap_codec.cli.encode import encode
from gainmap_codec.cli.inspect import conformance, inspect
from gainmap_codec.cli.parts import COMMANDS as PARTS_COMMANDS
from gainmap_codec.cli.view import view
from gainmap_codec.cli.web.command import web
from gainmap_codec.cli.wording import error_as_typed


class _Group(click.Group):
    """Commands that Ctrl-C ends: click would begin another line, which only a terminal's ``^C`` calls for."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            if sys.stderr.isatty():
                click.echo(err=True)
            raise click.Abort from None


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gainmap")
def gainmap() -> None:
    """Work with HDR photos: pictures that any program can show, with a gain map that makes them HDR.

    \b
    Examples:
      gainmap encode scene.exr -o scene.jpg
      gainmap inspect photo.heic
      gainmap decode photo.jpg -o photo.avif
      gainmap transcode photo.heic -o photo.jpg

    Exit codes: 0 done, 1 a file is missing, damaged or not supported, 2 wrong usage, 130 interrupted.
    """


for command in (encode, decode, inspect, conformance, *COMMANDS, *PARTS_COMMANDS, batch, web, view, demo):
    gainmap.add_command(command)


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        code = gainmap.main(standalone_mode=False, prog_name="gainmap")
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted")
        code = INTERRUPTED
    except FILE_ERRORS as error:
        complain(error_as_typed(error))
        for note in getattr(error, "__notes__", ()):
            complain(note)
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
