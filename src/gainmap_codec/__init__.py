"""HDR photos: read and write gain-map files, and embed a neural gain map of one to two kilobytes.

>>> import gainmap_codec as gm
>>> gm.HdrImage.__name__
'HdrImage'
"""

from gainmap_codec.api import crop, decode, decode_many, encode, flip, inspect, resize, rotate, transcode
from gainmap_codec.codec.inspection import Inspection
from gainmap_codec.errors import (
    FormatError,
    GainMapError,
    GainMapWarning,
    HdrLostWarning,
    LimitError,
    Limits,
    MissingDependencyError,
    NoGainMapError,
    UnsupportedError,
)
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.picture_metadata import PictureMetadata

__version__ = "0.2.0"

__all__ = [
    "FormatError",
    "GainMapError",
    "GainMapWarning",
    "HdrImage",
    "HdrLostWarning",
    "Inspection",
    "LimitError",
    "Limits",
    "MissingDependencyError",
    "NoGainMapError",
    "PictureMetadata",
    "UnsupportedError",
    "__version__",
    "crop",
    "decode",
    "decode_many",
    "encode",
    "flip",
    "inspect",
    "resize",
    "rotate",
    "transcode",
]
