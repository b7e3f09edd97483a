"""HDR photos with gain maps: read, write, edit and convert JPEG, HEIC, AVIF and JPEG XL, and keep the HDR.

>>> import gainmap_codec as gm
>>> gm.HdrImage.__name__
'HdrImage'
"""

import sys

if sys.argv[:1] == ["-m"] and "gainmap_codec" in sys.orig_argv:  # python -m gainmap_codec, which loads all of it first
    from gainmap_interrupt import end_in_a_line

    end_in_a_line()

from gainmap_codec.api import (
    assemble,
    crop,
    decode,
    decode_many,
    encode,
    encode_with_report,
    extract,
    flip,
    inspect,
    resize,
    rotate,
    swap,
    transcode,
)
from gainmap_codec.codec.encoding import EncodeReport
from gainmap_codec.codec.inspection import Inspection
from gainmap_codec.edit.extract import Parts
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
from gainmap_codec.files.records import AppleMetadata, Fraction, GainMapChannel, GainMapMetadata
from gainmap_codec.pixels.hdr_image import HdrImage
from gainmap_codec.pixels.picture_metadata import PictureMetadata

__version__ = "0.2.0"

__all__ = [
    "AppleMetadata",
    "EncodeReport",
    "FormatError",
    "Fraction",
    "GainMapChannel",
    "GainMapError",
    "GainMapMetadata",
    "GainMapWarning",
    "HdrImage",
    "HdrLostWarning",
    "Inspection",
    "LimitError",
    "Limits",
    "MissingDependencyError",
    "NoGainMapError",
    "Parts",
    "PictureMetadata",
    "UnsupportedError",
    "__version__",
    "assemble",
    "crop",
    "decode",
    "decode_many",
    "encode",
    "encode_with_report",
    "extract",
    "flip",
    "inspect",
    "resize",
    "rotate",
    "swap",
    "transcode",
]
