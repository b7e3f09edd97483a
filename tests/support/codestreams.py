"""HEVC and AV1 headers written field by field, and pictures whose colour the codestream alone tells."""

from __future__ import annotations

import io
import struct
from dataclasses import replace

import numpy as np
import pillow_heif

from gainmap_codec.files.boxes import make_box
from gainmap_codec.files.code_points import Nclx
from gainmap_codec.files.heif.items import Item, Property, Reference, item_data
from gainmap_codec.files.heif.meta import serialize_meta
from gainmap_codec.files.heif.picture_properties import nclx_property
from gainmap_codec.files.records import Codec
from gainmap_codec.pixels.color.light import AnyCodes
from gainmap_codec.pixels.formats.coded_image import code_picture
from support.heif_records import opened

Fields = list[tuple[int, int]]
"""Values and their widths in bits; a width of 0 stands for an Exp-Golomb number."""

_BRANDS: dict[Codec, bytes] = {"hevc": b"heic", "av1": b"avif"}


def packed(fields: Fields) -> bytes:
    """The fields, a stop bit, and zeros up to a whole byte."""
    bits = "".join(f"{value:0{width}b}" if width else golomb(value) for value, width in fields) + "1"
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def golomb(value: int) -> str:
    """Source: ITU-T H.265 clause 9.2."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def escaped(unit: bytes) -> bytes:
    """With a 3 wherever two zero bytes are followed by a byte up to 3 (ITU-T H.265 clause 7.4.2)."""
    out, zeros = bytearray(), 0
    for byte in unit:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def hvcc(*units: bytes) -> bytes:
    """A configuration record with these NAL units, whose data have lengths of 4 bytes."""
    arrays = b"".join(bytes((unit[0] >> 1 & 63,)) + struct.pack(">HH", 1, len(unit)) + unit for unit in units)
    return bytes(21) + b"\3" + bytes((len(units),)) + arrays


def without_color(codes: AnyCodes, codec: Codec, nclx: Nclx, *, bits: int = 8, tiles: int = 1) -> bytes:
    """A picture without a `colr`, or a row of equal tiles: only the codestream says what their code values mean."""
    item, data = coded_item(codes, codec, nclx, bits)
    if tiles == 1:
        return _file(codec, [item], [data])
    height, width = codes.shape[:2]
    size = (tiles * width, height)
    grid = Item(1, b"grid", properties=(Property(b"ispe", struct.pack(">4xII", *size)),))
    numbers = tuple(range(2, tiles + 2))
    items = [grid, *(replace(item, id=number, hidden=True) for number in numbers)]
    layout = struct.pack(">BBBBHH", 0, 0, 0, tiles - 1, *size)
    return _file(codec, items, [layout, *[data] * tiles], Reference(b"dimg", 1, numbers))


def avif_of_tiles(codes: AnyCodes, nclx: Nclx, rows: int, columns: int) -> bytes:
    """A picture of three channels as a grid of tiles, which share it evenly."""
    height, width = codes.shape[:2]
    parts = [part for band in np.split(codes, rows) for part in np.split(band, columns, axis=1)]
    coded = [coded_item(np.ascontiguousarray(part), "av1", nclx) for part in parts]
    size = Property(b"ispe", struct.pack(">4xII", width, height))
    depths = Property(b"pixi", bytes((0, 0, 0, 0, 3, 8, 8, 8)))
    grid = Item(1, b"grid", properties=(size, depths, nclx_property(nclx)))
    numbers = tuple(range(2, len(coded) + 2))
    items = [grid, *(replace(item, id=number, hidden=True) for number, (item, _) in zip(numbers, coded, strict=True))]
    layout = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)
    return _file("av1", items, [layout, *(data for _, data in coded)], Reference(b"dimg", 1, numbers))


def coded_item(codes: AnyCodes, codec: Codec, nclx: Nclx, bits: int = 8) -> tuple[Item, bytes]:
    """A picture as an item without a `colr`, and its data. Only HEVC is made of limited range."""
    coded = _hevc(codes, nclx, bits) if codec == "hevc" else _av1(codes, nclx, bits)
    file, _, meta = opened(coded)
    item = meta.items[meta.primary]
    kept = tuple(p for p in item.properties if p.kind != b"colr")
    return replace(item, properties=kept), item_data(file, meta, item.id)


def _hevc(codes: AnyCodes, nclx: Nclx, bits: int) -> bytes:
    deep = codes.ndim == 3 and bits > 8
    mode = "RGB;16" if deep else "RGB" if codes.ndim == 3 else "L"
    samples = codes << np.uint16(16 - bits) if deep else codes
    heif = pillow_heif.from_bytes(mode, (codes.shape[1], codes.shape[0]), samples.tobytes())
    stream = io.BytesIO()
    heif.save(
        stream,
        quality=100,
        chroma="444",
        color_primaries=nclx.primaries,
        transfer_characteristics=nclx.transfer,
        matrix_coefficients=nclx.matrix,
        full_range_flag=int(nclx.full_range),
    )
    return stream.getvalue()


def _av1(codes: AnyCodes, nclx: Nclx, bits: int) -> bytes:
    return code_picture(codes, "av1", quality=100, nclx=nclx, bits=bits).data


def _file(codec: Codec, items: list[Item], data: list[bytes], *references: Reference) -> bytes:
    brand = _BRANDS[codec]
    return make_box(b"ftyp", brand, bytes(4), b"mif1" + brand) + serialize_meta(1, tuple(items), references, data)
