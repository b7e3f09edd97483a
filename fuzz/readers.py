"""Coverage-guided fuzzing of `inspect`, `decode` and of writing what was read: a result or a clear error, nothing else.

    python fuzz/readers.py CORPUS... -max_total_time=60

Arguments are libFuzzer's. What it finds it writes to a file named crash-…, timeout-… or oom-…; give it that file as the
only argument to see the failure again.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace

import atheris

with atheris.instrument_imports(include=["gainmap_codec"]):
    import gainmap_codec as gm
    from gainmap_codec.errors import GainMapError, Limits
    from gainmap_codec.files.container import parse_file, serialize_file

import numpy as np

LIMITS = Limits(pixels=1 << 16, file_bytes=1 << 20)
"""Small pictures: decoding libraries are not what is fuzzed, and time goes into our parsers."""


def read(data: bytes) -> None:
    for verb in (gm.inspect, gm.decode):
        try:
            result = verb(data, limits=LIMITS)
        except GainMapError as error:
            assert str(error) and "\n" not in str(error), error
        else:
            assert not any("\n" in warning for warning in result.warnings), result.warnings
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
        assert str(error) and "\n" not in str(error), error


def read_and_write(data: bytes) -> None:
    read(data)
    write_again(data)


def main() -> None:
    warnings.simplefilter("ignore")
    atheris.Setup(sys.argv, read_and_write)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
