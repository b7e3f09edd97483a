"""HDR photos in imageio: importing this module makes its plug-in "gainmap_codec" known.

>>> import imageio.v3 as iio
>>> import numpy as np
>>> import gainmap_imageio
>>> hdr = np.full((8, 8, 3), 2.0, np.float32)  # linear, twice as bright as SDR white
>>> photo = iio.imwrite("<bytes>", hdr, plugin="gainmap_codec", extension=".jpg", carry="standard")
>>> bool(abs(iio.imread(photo, plugin="gainmap_codec") - 2).max() < 0.05)
True

imageio asks Pillow for ``.jpg``, ``.heic`` and ``.avif`` first: without `plugin` it reads the SDR picture, as before.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator
from itertools import takewhile
from traceback import walk_stack
from types import EllipsisType
from typing import Any

import numpy as np
from imageio.config import known_plugins
from imageio.config.plugins import PluginConfig
from imageio.core.request import RETURN_BYTES, InitializationError, IOMode, Request
from imageio.core.v3_plugin_api import ImageProperties, PluginV3
from numpy.typing import NDArray

from gainmap_codec.api import encode_with_report
from gainmap_codec.codec.decoding import decode_with_notes
from gainmap_codec.codec.inspection import inspection_of
from gainmap_codec.codec.metadata import metadata_of
from gainmap_codec.codec.opening import open_source
from gainmap_codec.codec.options import DecodeOptions
from gainmap_codec.errors import GainMapWarning, Limits, printable
from gainmap_codec.files.container import SUFFIXES, may_have_gain_map, parse_file
from gainmap_codec.files.orientations import shown_size
from gainmap_codec.files.records import Container, GainMapFile
from gainmap_codec.pixels.color.light import ColorSpace
from gainmap_codec.pixels.formats.outputs import write_atomically
from gainmap_codec.pixels.formats.sources import NamedBytes, read_source

NAME = "gainmap_codec"
"""What imageio's argument `plugin` is to be."""

_CONTAINERS: dict[str, Container] = {suffix: kind for kind, suffixes in SUFFIXES.items() for suffix in suffixes}
_APPLIED = ("orientation", "color_space", "gain_map", "spare_gain_map", "payload")

Index = int | EllipsisType | None


class GainMapPlugin(PluginV3):
    """JPEG, HEIC, AVIF and JPEG XL files with a gain map as arrays of linear light, and back.

    A file holds one picture, by the index 0; ``...`` puts an axis in front of it.

    Raises:
        InitializationError: The file to read is none of these, or the extension to write; imageio asks other plug-ins,
            or raises OSError.
    """

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._data: NamedBytes | None = None
        if request.mode.io_mode == IOMode.read:
            if not may_have_gain_map(request.firstbytes):
                raise InitializationError(f"{request.filename}: expected a JPEG, HEIC, AVIF or JPEG XL file")
        elif (request.extension or ".jpg") not in _CONTAINERS:
            expected = ", ".join(suffixes[0] for suffixes in SUFFIXES.values())
            raise InitializationError(
                f"{request.filename}: expected one of the extensions {expected}, got {request.extension}"
            )

    def read(self, *, index: Index = None, color_space: ColorSpace = "srgb", **options: Any) -> NDArray[Any]:
        """The HDR rendition.

        Args:
            index: 0, None or ``...``.
            color_space: Primaries of the array; those that `write` takes are "srgb".
            options: As of `gainmap_codec.decode`: headroom, region, dtype, limits and more.
        Returns:
            Linear light, float32 (H, W, 3), upright, 1.0 = SDR white = 203 nits; colours outside the primaries are
            negative.
        Raises:
            ValueError: Another index.
            GainMapError, ValueError, TypeError, OSError: As `gainmap_codec.decode`.
        Warns:
            GainMapWarning: As `gainmap_codec.decode`.
        """
        is_stacked = _is_stacked(index)
        asked = DecodeOptions(color_space=color_space, **options)
        image = decode_with_notes(self._source(asked.limits), asked)
        _warn(image.warnings)
        return image.pixels[np.newaxis] if is_stacked else image.pixels

    def iter(self, **options: Any) -> Iterator[NDArray[Any]]:
        """The one picture, as `read` gives it."""
        yield self.read(**options)

    def write(self, ndimage: Any, **options: Any) -> bytes | None:
        """Write a gain-map file of the kind that the extension names, JPEG where there is none; whole or not at all.

        Args:
            ndimage: Linear light, floating point (H, W, 3), 1.0 = SDR white, sRGB primaries; or an `HdrImage`, which
                says its own.
            options: As of `gainmap_codec.encode`: sdr, carry, quality, exif and more.
        Returns:
            The file, where imageio is to write to ``"<bytes>"``.
        Raises:
            GainMapError, ValueError, TypeError, OSError: As `gainmap_codec.encode`; or the file cannot be written.
        Warns:
            GainMapWarning: As `gainmap_codec.encode`.
        """
        report = encode_with_report(ndimage, container=_CONTAINERS[self.request.extension or ".jpg"], **options)
        _warn(report.warnings)
        if self.request.raw_uri == RETURN_BYTES:
            return report.data
        write_atomically(self.request.get_local_filename(), report.data)
        return None

    def properties(self, index: Index = None, *, limits: Limits = Limits()) -> ImageProperties:
        """Shape and type of what `read` gives; no pixels are decoded.

        Raises:
            GainMapError, ValueError: As `read`.
        """
        is_stacked = _is_stacked(index)
        shape = (*_size(parse_file(self._source(limits), self.request.filename, limits))[::-1], 3)
        return ImageProperties(
            shape=(1, *shape) if is_stacked else shape,
            dtype=np.dtype(np.float32),
            n_images=1 if is_stacked else None,
            is_batch=is_stacked,
        )

    def metadata(
        self, index: Index = None, exclude_applied: bool = True, *, limits: Limits = Limits()
    ) -> dict[str, Any]:
        """What the file tells: `gainmap_codec.Inspection` in plain values, with EXIF and XMP as `write` takes them.

        Args:
            exclude_applied: Leave out what `read` has applied: the orientation, the colour, and the gain maps.
            limits: Budgets for what the file may ask for.
        Raises:
            GainMapError, ValueError: As `read`.
        """
        _is_stacked(index)
        opened = open_source(self._source(limits), limits)
        said = metadata_of(opened.file, DecodeOptions(), *_size(opened.file))
        plain = inspection_of(opened).to_dict() | {"exif": said.exif, "xmp": said.xmp}
        return {name: value for name, value in plain.items() if not (exclude_applied and name in _APPLIED)}

    def _source(self, limits: Limits) -> NamedBytes:
        """The file, read once."""
        if self._data is None:
            data, _ = read_source(self.request.get_file(), limits)
            self._data = NamedBytes(data, self.request.filename)
        return self._data


def _size(file: GainMapFile) -> tuple[int, int]:
    """Width and height of the upright picture."""
    return shown_size((file.base.width, file.base.height), file.orientation)


def _warn(notes: Iterable[str]) -> None:
    """Warn of each line as if whoever called imageio had written it: imageio calls plug-ins from various depths."""
    names = (frame.f_globals.get("__name__", "") for frame, _ in walk_stack(sys._getframe()))
    depth = len(list(takewhile(lambda name: name == __name__ or name.partition(".")[0] == "imageio", names)))
    for note in notes:
        warnings.warn(printable(note), GainMapWarning, stacklevel=depth + 1)


def _is_stacked(index: Index) -> bool:
    """Whether pictures are to be stacked.

    Raises:
        ValueError: There is no such picture.
    """
    if index not in (0, None, ...):
        raise ValueError(f"index: expected 0, for a file holds one picture, got {index}")
    return index is ...


known_plugins[NAME] = PluginConfig(NAME, GainMapPlugin.__name__, __name__)
