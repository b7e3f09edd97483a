"""Where the command ``gainmap`` begins: outside the package, which takes a moment to load."""

from __future__ import annotations

from gainmap_interrupt import end_in_a_line, raise_again


def main() -> None:
    """Load the command line and run it."""
    end_in_a_line()
    from gainmap_codec.cli.main import main as run

    raise_again()
    run()
