"""Coverage-guided fuzzing of `inspect`, `decode` and of writing what was read: a result or a clear error, nothing else.

    python fuzz/readers.py CORPUS... -max_total_time=60

Arguments are libFuzzer's. What it finds it writes to a file named crash-…, timeout-… or oom-…; give it that file as the
only argument to see the failure again.
"""

from __future__ import annotations

from dataclasses import replace

import atheris
from common import LIMITS, check_line, check_lines, fuzz

with atheris.instrument_imports(include=["gainmap_codec"]):
    import gainmap_codec as gm
    from gainmap_codec.errors import GainMapError, Limits
    from gainmap_codec.files.container import parse_file, serialize_file

import numpy as np

from support import jxl_files


def read(data: bytes) -> None:
    for verb in (gm.inspect, gm.decode):
        try:
            result = verb(data, limits=LIMITS)
        except GainMapError as error:
            check_line(error)
        else:
            check_lines(result.warnings)
            if isinstance(result, gm.HdrImage):
                assert np.isfinite(result.pixels).all()


def write_again(data: bytes) -> None:
    """What is read can be written, without its gain map too, and its base is the same then; or a line says why not."""
    try:
        file = parse_file(data, "the file", LIMITS)
        for changed in (file, replace(file, gain_map=None)):
            again = parse_file(serialize_file(changed, []), "the file again", Limits())
            assert again.base_digest == file.base_digest
    except (GainMapError, ValueError) as error:
        check_line(error)


def read_and_write(data: bytes) -> None:
    read(data)
    write_again(data)


if __name__ == "__main__":
    fuzz(read_and_write, (jxl_files.layered(3), jxl_files.animation(3)))
