"""HDR photos: read and write gain-map files, and embed a neural gain map of one to two kilobytes.

>>> import gainmap_codec as gm
>>> gm.HdrImage.__name__
'HdrImage'
"""

from gainmap_codec.api import decode, encode, inspect
from gainmap_codec.errors import (
    FormatError,
    GainMapError,
    GainMapWarning,
    LimitError,
    Limits,
    MissingDependencyError,
    NoGainMapError,
    UnsupportedError,
)
from gainmap_codec.inspection import Inspection
from gainmap_codec.pixels.hdr_image import HdrImage

__all__ = [
    "FormatError",
    "GainMapError",
    "GainMapWarning",
    "HdrImage",
    "Inspection",
    "LimitError",
    "Limits",
    "MissingDependencyError",
    "NoGainMapError",
    "UnsupportedError",
    "decode",
    "encode",
    "inspect",
]
