"""Coverage-guided fuzzing of `inspect` and `decode`: a result or a `GainMapError`, nothing else.

    python fuzz/readers.py CORPUS... -max_total_time=60

Arguments are libFuzzer's. What it finds it writes to a file named crash-…, timeout-… or oom-…; give it that file as the
only argument to see the failure again.
"""

from __future__ import annotations

import sys
import warnings

import atheris

with atheris.instrument_imports(include=["gainmap_codec"]):
    import gainmap_codec as gm
    from gainmap_codec.errors import GainMapError, Limits

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


def main() -> None:
    warnings.simplefilter("ignore")
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
