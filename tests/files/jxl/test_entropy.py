"""Numbers by asymmetric numeral systems (ANS), which libjxl reads in profiles, but does not write there.

A small coder writes what libjxl then has to read as we do: the profile that OpenImageIO tells is the judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from gainmap_codec.errors import FormatError
from gainmap_codec.files.jxl import entropy
from gainmap_codec.files.jxl.bits import BitReader, in_bits, in_bytes, in_u64
from gainmap_codec.files.jxl.header import ColorEncoding, ImageHeader, parse_header, serialize_header
from gainmap_codec.files.jxl.icc import _context, read_icc, serialize_icc
from gainmap_codec.pixels.color.icc_profile import icc_profile_for

PROFILE = icc_profile_for("display-p3")
CLUSTERS = 3


def commands(profile: bytes) -> bytes:
    """What a profile's bits hold: bytes, of 8 bits each, the first bit highest."""
    bits = serialize_icc(profile)
    count = BitReader(in_bytes(bits), "test").u64()
    tail = bits[-8 * count :]
    return bytes(int(tail[at : at + 8], 2) for at in range(0, len(tail), 8))


def short(value: int) -> str:
    """As ANS distributions tell sizes and symbols."""
    if value == 0:
        return "0"
    bits = value.bit_length() - 1
    return "1" + in_bits(bits, 3) + in_bits(value - (1 << bits), bits)


def scaled(found: Counter[int], symbols: int) -> list[int]:
    """Counts of 4096 parts, none of a symbol that occurs below 1."""
    total = sum(found.values())
    counts = [max(1, 4096 * found[symbol] // total) if found[symbol] else 0 for symbol in range(symbols)]
    counts[counts.index(max(counts))] += 4096 - sum(counts)
    return counts


def complex_bits(counts: Sequence[int]) -> str:
    """A distribution by logarithms and all lower bits; zeros in a row are told by their number."""
    words = {log: in_bits(value, size) for (size, value), log in entropy._LOG_COUNTS.items()}
    logs = [count.bit_length() for count in counts]
    largest = logs.index(max(logs))
    bits, told, at = "00" + "111" + in_bits(6, 3) + short(len(counts) - 3), "", 0
    while at < len(counts):
        run = 0
        while at and counts[at - 1] == 0 and at + run < len(counts) and counts[at + run] == 0:
            run += 1
        if run >= 4:
            bits += words[13] + short(run - 4)
            at += run
            continue
        bits += words[logs[at]]
        if at != largest and logs[at] > 1:
            told += in_bits(counts[at] - (1 << logs[at] - 1), logs[at] - 1)
        at += 1
    return bits + told


def flat() -> tuple[list[int], str]:
    return [16] * 256, "01" + short(255)


def coded_by_ans(numbers: bytes, tables: list[tuple[list[int], str]]) -> str:
    """The numbers as bits of a codestream, contexts in turn in one of so many distributions."""
    contexts = [_context(at, *reversed((b"\0\0" + numbers)[at : at + 2])) for at in range(len(numbers))]
    places = [_places(counts) for counts, _ in tables]
    state, words = 0x130000, []
    for number, context in reversed(list(zip(numbers, contexts, strict=True))):
        own = places[context % len(tables)][number]
        if state >= len(own) << 20:
            words.append(state & 0xFFFF)
            state >>= 16
        state = (state // len(own) << 12) + own[state % len(own)]
    clusters = "1" + in_bits(2, 2) + "".join(in_bits(context % len(tables), 2) for context in range(41))
    configs = in_bits(8, 4) * len(tables)
    codes = "".join(bits for _, bits in tables)
    tail = in_bits(state, 32) + "".join(in_bits(word, 16) for word in reversed(words))
    return in_u64(len(numbers)) + "0" + clusters + "0" + in_bits(3, 2) + configs + codes + tail


def _places(counts: Sequence[int]) -> dict[int, list[int]]:
    """Where in 4096 places the parts of each symbol lie, in their order, by what our decoder makes of each."""
    code = entropy._AnsCode(list(counts), 8)
    found: dict[int, dict[int, int]] = {}
    for low in range(4096):
        reader = BitReader(bytes(8), "test")
        decoder = entropy.EntropyDecoder.__new__(entropy.EntropyDecoder)
        decoder.reader, decoder.state = reader, (1 << 28) + low
        symbol = code.token(decoder)
        found.setdefault(symbol, {})[decoder.state - counts[symbol] * (1 << 16)] = low
    return {symbol: [parts[at] for at in range(counts[symbol])] for symbol, parts in found.items()}


def tables_for(numbers: bytes) -> list[tuple[list[int], str]]:
    counts = scaled(Counter(numbers), 256)
    while counts[-1] == 0:
        counts.pop()
    return [(counts, complex_bits(counts)), flat(), (counts, complex_bits(counts))]


def profile_seen_by_libjxl(bits: str, folder: Path) -> bytes:
    oiio = pytest.importorskip("OpenImageIO")
    coded = bytes(imagecodecs.jpegxl_encode(np.full((8, 8, 3), 77, np.uint8)))
    header = ImageHeader(8, 8, is_xyb=False, color=ColorEncoding(has_icc=True))
    start = _bits_of(serialize_header(header)[2:], header)
    path = folder / "picture.jxl"
    path.write_bytes(b"\xff\x0a" + in_bytes(start + bits) + coded[parse_header(coded).size :] + bytes(128))
    found = oiio.ImageInput.open(str(path))
    assert found, oiio.geterror()
    return bytes(found.spec()["ICCProfile"])


def _bits_of(data: bytes, header: ImageHeader) -> str:
    """The bits of a header without a profile, up to its last."""
    with pytest.raises(FormatError):  # for it says that there is one
        parse_header(b"\xff\x0a" + data)
    told = serialize_header(ImageHeader(8, 8, is_xyb=False, color=header.color, icc_profile=PROFILE))[2:]
    whole, profile = in_bits(int.from_bytes(told, "little"), 8 * len(told)), serialize_icc(PROFILE)
    return whole[: whole.index(profile)]


def test_profiles_by_ans_are_read_as_libjxl_reads_them(tmp_path: Path) -> None:
    numbers = commands(PROFILE)
    bits = coded_by_ans(numbers, tables_for(numbers))
    reader = BitReader(in_bytes(bits), "a picture")
    assert read_icc(reader) == PROFILE and reader.position == len(bits)
    assert profile_seen_by_libjxl(bits, tmp_path) == PROFILE


def test_distributions_of_one_and_two_symbols() -> None:
    one = BitReader(in_bytes("1" + "0" + short(9)), "test")
    assert entropy._counts(one, 256) == [0] * 9 + [4096]
    two = BitReader(in_bytes("1" + "1" + short(0) + short(200) + in_bits(1000, 12)), "test")
    assert entropy._counts(two, 256) == [1000] + [0] * 199 + [3096]
    twice = BitReader(in_bytes("1" + "1" + short(7) + short(7) + in_bits(1000, 12)), "test")
    with pytest.raises(FormatError, match="test: expected two symbols, got 7 twice"):
        entropy._counts(twice, 256)


def test_the_end_of_a_stream_is_checked() -> None:
    numbers = commands(PROFILE)
    bits = coded_by_ans(numbers, tables_for(numbers))
    for at in range(len(bits) - 16, len(bits)):
        broken = bits[:at] + ("0" if bits[at] == "1" else "1") + bits[at + 1 :]
        with pytest.raises(FormatError):
            read_icc(BitReader(in_bytes(broken), "a picture"))
