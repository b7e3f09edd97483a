"""The entropy code of JPEG XL, as far as headers use it: for the ICC profile.

Numbers come as tokens, each of which stands for a range of numbers, with more bits behind it. Tokens are coded by
prefix codes or by asymmetric numeral systems (ANS), each context with one of several distributions; LZ77 copies what
came before.

Source: ISO/IEC 18181-1:2024 annex C; where its text leaves doubts, libjxl (lib/jxl/dec_ans.cc, dec_huffman.cc).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from gainmap_codec.errors import FormatError
from gainmap_codec.files.jxl.bits import BitReader, Choices, Range

_PREFIX_BITS = 15  # of the longest code
_ANS_BITS = 12  # of a distribution's precision
_ANS_END = 0x130000  # state behind the last symbol
_MOST_SYMBOLS = 1 << 15  # of all prefix codes; libjxl's have a few hundred each
_MOST_CLUSTERS = 256

_MIN_SYMBOL: Choices = (Range(224), Range(512), Range(4096), Range(8, 15))
_MIN_LENGTH: Choices = (Range(3), Range(4), Range(5, 2), Range(9, 8))

_LENGTH_ORDER = (1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15)
_LENGTH_CODES = {(2, 0): 0, (4, 7): 1, (3, 3): 2, (2, 2): 3, (2, 1): 4, (4, 15): 5}
"""Lengths of the codes of code lengths, by the number of bits that tell them and their value, first bit lowest."""

_LOG_COUNTS: dict[tuple[int, int], int] = {
    **{(3, value): count for value, count in ((0, 10), (2, 7), (4, 6), (5, 8), (6, 9))},
    **{(4, value): count for value, count in ((3, 3), (7, 5), (9, 4), (11, 1), (15, 2))},
    **{(5, 17): 0, (6, 33): 11, (7, 1): 12, (7, 65): 13},
}
"""Logarithms of an ANS distribution's counts, plus 1, likewise; 13 repeats the count before."""
_REPEAT = 13


def _by_code(reader: BitReader, codes: dict[tuple[int, int], int], longest: int) -> int:
    for count in range(1, longest + 1):
        symbol = codes.get((count, reader.peek(count)))
        if symbol is not None:
            reader.bits(count)
            return symbol
    raise FormatError(reader.where, "expected one of a code's words, got other bits", offset=reader.position // 8)


class _Distribution(Protocol):
    """What the tokens of some contexts are coded by."""

    def token(self, decoder: EntropyDecoder) -> int:
        """The next token."""


class _PrefixCode:
    """A canonical prefix code, by the lengths of its words; a code of one symbol takes no bits."""

    def __init__(self, lengths: list[int]) -> None:
        self._sorted = sorted((symbol for symbol, length in enumerate(lengths) if length), key=lambda n: lengths[n])
        self._counts = [lengths.count(length) for length in range(1, _PREFIX_BITS + 1)]

    def read(self, reader: BitReader) -> int:
        if len(self._sorted) == 1:
            return self._sorted[0]
        code = first = index = 0
        bits = reader.peek(_PREFIX_BITS)
        for length, count in enumerate(self._counts, 1):
            code |= bits & 1
            bits >>= 1
            if code - first < count:
                reader.bits(length)
                return self._sorted[index + code - first]
            index += count
            first = (first + count) << 1
            code <<= 1
        raise FormatError(reader.where, "broken prefix code", offset=reader.position // 8)

    def token(self, decoder: EntropyDecoder) -> int:
        return self.read(decoder.reader)


class _AnsCode:
    """A distribution of 4096 parts as an alias table: the upper bits of the state tell who gets the lower ones."""

    def __init__(self, counts: list[int], alphabet_bits: int) -> None:
        self._shift = _ANS_BITS - alphabet_bits
        self._counts = counts + [0] * ((1 << alphabet_bits) - len(counts))
        self._table = _alias_table(self._counts, 1 << self._shift)

    def token(self, decoder: EntropyDecoder) -> int:
        low = decoder.state & ((1 << _ANS_BITS) - 1)
        bucket, place = low >> self._shift, low & ((1 << self._shift) - 1)
        cutoff, symbol, offset = self._table[bucket]
        if place < cutoff:
            symbol, offset = bucket, 0
        decoder.state = self._counts[symbol] * (decoder.state >> _ANS_BITS) + offset + place
        if decoder.state < 1 << 16:
            decoder.state = decoder.state << 16 | decoder.reader.bits(16)
        return symbol


def _alias_table(counts: list[int], size: int) -> list[tuple[int, int, int]]:
    """For each bucket of `size` places: where the other symbol begins, which it is, and what is added to its places."""
    if 1 << _ANS_BITS in counts:  # of one symbol, which leaves the state alone
        return [(0, counts.index(1 << _ANS_BITS), size * bucket) for bucket in range(len(counts))]
    left = counts.copy()
    other = [(bucket, 0) for bucket in range(len(counts))]
    over = [bucket for bucket, count in enumerate(left) if count > size]
    under = [bucket for bucket, count in enumerate(left) if count < size]
    while over:
        giver, taker = over.pop(), under.pop()
        left[giver] -= size - left[taker]
        other[taker] = giver, left[giver]
        if left[giver] != size:
            (over if left[giver] > size else under).append(giver)
    return [
        (cut, symbol, offset - cut) if cut != size else (0, bucket, 0)
        for bucket, (cut, (symbol, offset)) in enumerate(zip(left, other, strict=True))
    ]


class _Config(NamedTuple):
    """How a token stands for numbers: below 2^split for itself, else for a range, with so many bits in the token."""

    split: int
    high: int
    low: int

    def number(self, token: int, reader: BitReader) -> int:
        if token < 1 << self.split:
            return token
        inside = self.high + self.low
        more = self.split - inside + ((token - (1 << self.split)) >> inside)
        if more > 29:
            raise FormatError(reader.where, f"expected a number of 32 bits, got one of {more + inside}")
        low = token & ((1 << self.low) - 1)
        high = token >> self.low & ((1 << self.high) - 1) | 1 << self.high
        return (high << more | reader.bits(more)) << self.low | low


class EntropyDecoder:
    """Numbers of an entropy-coded stream, whose distributions stand where the reader is.

    Attributes:
        reader: Where the bits come from.
        state: Of the numeral system.
    """

    def __init__(self, reader: BitReader, contexts: int, *, may_copy: bool = True) -> None:
        self.reader = reader
        self.state = _ANS_END
        self._seen: list[int] = []
        self._copies = 0
        self._copied_from = 0
        self._has_copies = reader.flag()
        if self._has_copies and not may_copy:
            raise FormatError(reader.where, "expected no LZ77 in a map of two contexts, got it")
        if self._has_copies:
            self._min_symbol, self._min_length = reader.u32(_MIN_SYMBOL), reader.u32(_MIN_LENGTH)
            self._lengths = _config(reader, 8)
        self._clusters = _context_map(reader, contexts + self._has_copies)
        self._configs, self._codes = _distributions(reader, max(self._clusters) + 1)
        if isinstance(self._codes[0], _AnsCode):
            self.state = reader.bits(32)

    def read(self, context: int) -> int:
        """The next number, in one of the contexts."""
        if not self._copies:
            cluster = self._clusters[context]
            token = self._codes[cluster].token(self)
            if not self._has_copies or token < self._min_symbol:
                number = self._configs[cluster].number(token, self.reader)
                self._seen.append(number)
                return number
            self._begin_copy(token)
        self._copies -= 1
        number = self._seen[self._copied_from] if self._copied_from < len(self._seen) else 0
        self._copied_from += 1
        self._seen.append(number)
        return number

    def _begin_copy(self, token: int) -> None:
        self._copies = self._lengths.number(token - self._min_symbol, self.reader) + self._min_length
        cluster = self._clusters[-1]
        distance = self._configs[cluster].number(self._codes[cluster].token(self), self.reader) + 1
        self._copied_from = max(len(self._seen) - distance, 0)

    def check_end(self) -> None:
        """Raise FormatError unless the numeral system has come to its end, as it does where nothing is broken."""
        if self.state != _ANS_END:
            raise FormatError(self.reader.where, "broken entropy code", offset=self.reader.position // 8)


def _context_map(reader: BitReader, contexts: int) -> list[int]:
    """Which of several distributions each context has."""
    if contexts == 1:
        return [0]
    if reader.flag():
        bits = reader.bits(2)
        clusters = [reader.bits(bits) for _ in range(contexts)]
    else:
        moves_to_front = reader.flag()
        decoder = EntropyDecoder(reader, 1, may_copy=contexts > 2)
        clusters = [decoder.read(0) for _ in range(contexts)]
        decoder.check_end()
        if max(clusters) >= _MOST_CLUSTERS:
            raise FormatError(reader.where, f"expected at most {_MOST_CLUSTERS} distributions, got {max(clusters) + 1}")
        if moves_to_front:
            clusters = _moved_to_front(clusters)
    if len(set(clusters)) <= max(clusters):
        raise FormatError(reader.where, "expected each distribution to be used, got one that is not")
    return clusters


def _moved_to_front(indices: list[int]) -> list[int]:
    order = list(range(_MOST_CLUSTERS))
    found = []
    for index in indices:
        order.insert(0, order.pop(index))
        found.append(order[0])
    return found


def _distributions(reader: BitReader, count: int) -> tuple[list[_Config], list[_Distribution]]:
    is_prefix = reader.flag()
    alphabet_bits = _PREFIX_BITS if is_prefix else 5 + reader.bits(2)
    configs = [_config(reader, alphabet_bits) for _ in range(count)]
    if not is_prefix:
        return configs, [_AnsCode(_counts(reader, 1 << alphabet_bits), alphabet_bits) for _ in range(count)]
    sizes = [1 + _short(reader, 4) for _ in range(count)]
    if sum(sizes) > _MOST_SYMBOLS:
        raise FormatError(reader.where, f"expected at most {_MOST_SYMBOLS} symbols, got {sum(sizes)}")
    return configs, [_PrefixCode(_lengths(reader, size)) for size in sizes]


def _config(reader: BitReader, alphabet_bits: int) -> _Config:
    split = reader.bits(alphabet_bits.bit_length())
    if split == alphabet_bits:
        return _Config(split, 0, 0)
    high = reader.bits(split.bit_length())
    low = reader.bits((split - high).bit_length()) if high <= split else split
    if high + low > split:
        raise FormatError(reader.where, f"expected bits of a token within {split}, got {high} and {low}")
    return _Config(split, high, low)


def _short(reader: BitReader, bits: int) -> int:
    """A small number: 0 by one bit, others by the number of their bits."""
    if not reader.flag():
        return 0
    count = reader.bits(bits)
    return (1 << count) + reader.bits(count)


def _lengths(reader: BitReader, size: int) -> list[int]:
    """The lengths of a prefix code's words, those of symbols that it lacks 0."""
    if size == 1:
        return [1]
    kind = reader.bits(2)
    return _simple_lengths(reader, size) if kind == 1 else _complex_lengths(reader, size, kind)


def _simple_lengths(reader: BitReader, size: int) -> list[int]:
    count = reader.bits(2) + 1
    symbols = [reader.bits((size - 1).bit_length()) for _ in range(count)]
    if len(set(symbols)) < count or max(symbols) >= size:
        raise FormatError(reader.where, f"expected {count} symbols below {size}, got {symbols}")
    shape = ((1,), (1, 1), (1, 2, 2), (2, 2, 2, 2), (1, 2, 3, 3))[count if count == 4 and reader.flag() else count - 1]
    lengths = [0] * size
    for symbol, length in zip(symbols, shape, strict=True):
        lengths[symbol] = length
    return lengths


def _complex_lengths(reader: BitReader, size: int, skipped: int) -> list[int]:
    of_lengths, space = [0] * len(_LENGTH_ORDER), 32
    for symbol in _LENGTH_ORDER[skipped:]:
        of_lengths[symbol] = _by_code(reader, _LENGTH_CODES, 4)
        space -= 32 >> of_lengths[symbol] if of_lengths[symbol] else 0
        if space <= 0:
            break
    if space and sum(map(bool, of_lengths)) != 1:
        raise FormatError(reader.where, "broken prefix code", offset=reader.position // 8)
    lengths = _repeated_lengths(reader, _PrefixCode(of_lengths), size)
    if sum(1 << _PREFIX_BITS >> length for length in lengths if length) != 1 << _PREFIX_BITS or len(lengths) > size:
        raise FormatError(reader.where, "broken prefix code", offset=reader.position // 8)
    return lengths


def _repeated_lengths(reader: BitReader, code: _PrefixCode, size: int) -> list[int]:
    """Lengths up to where they fill a code: 16 repeats the last but 0, 17 repeats 0; repeats in a row count on."""
    lengths: list[int] = []
    space, last, repeats, repeated = 1 << _PREFIX_BITS, 8, 0, 0
    while len(lengths) < size and space > 0:
        symbol = code.read(reader)
        if symbol < 16:
            repeats, count = 0, 1
            last, value = symbol or last, symbol
        else:
            value = last if symbol == 16 else 0
            before = repeats if repeated == value else 0
            repeats = ((before - 2) << (symbol - 14) if before else 0) + reader.bits(symbol - 14) + 3
            count, repeated = repeats - before, value
        if len(lengths) + count > size:
            raise FormatError(reader.where, f"expected {size} symbols, got more", offset=reader.position // 8)
        lengths += [value] * count
        space -= count * (1 << _PREFIX_BITS >> value) if value else 0
    return lengths


def _counts(reader: BitReader, most: int) -> list[int]:
    """An ANS distribution: of 4096 parts, how many each symbol has."""
    if reader.flag():
        counts = _simple_counts(reader)
    elif reader.flag():
        size = 1 + _short(reader, 3)
        share, rest = divmod(1 << _ANS_BITS, size)
        counts = [share + (symbol < rest) for symbol in range(size)]
    else:
        counts = _complex_counts(reader)
    while counts and counts[-1] == 0:
        counts.pop()
    if len(counts) > most:
        raise FormatError(reader.where, f"expected at most {most} symbols, got {len(counts)}")
    return counts


def _simple_counts(reader: BitReader) -> list[int]:
    symbols = [_short(reader, 3) for _ in range(1 + reader.bits(1))]
    counts = [0] * (max(symbols) + 1)
    counts[symbols[0]] = 1 << _ANS_BITS
    if len(symbols) == 2:
        if symbols[0] == symbols[1]:
            raise FormatError(reader.where, f"expected two symbols, got {symbols[0]} twice")
        counts[symbols[0]] = reader.bits(_ANS_BITS)
        counts[symbols[1]] = (1 << _ANS_BITS) - counts[symbols[0]]
    return counts


def _complex_counts(reader: BitReader) -> list[int]:
    """Counts by their logarithms and some of their lower bits; the first of the largest gets what is left."""
    log = 0
    while log < 3 and reader.flag():
        log += 1
    shift = (1 << log) - 1 + reader.bits(log)
    if shift > _ANS_BITS + 1:
        raise FormatError(reader.where, f"expected a shift of at most {_ANS_BITS + 1}, got {shift}")
    size = 3 + _short(reader, 3)
    logs: list[int] = []
    runs: dict[int, int] = {}
    while len(logs) < size:
        log = _by_code(reader, _LOG_COUNTS, 7)
        if log == _REPEAT:
            runs[len(logs)] = 4 + _short(reader, 3)
            logs += [-1] * runs[len(logs)]
        else:
            logs.append(log)
    largest = logs.index(max(logs))
    if logs[largest] < 1 or largest + 1 in runs:
        raise FormatError(reader.where, "broken distribution", offset=reader.position // 8)
    counts: list[int] = []
    while len(counts) < size:
        run = runs.get(len(counts))
        if run:
            counts += [counts[-1] if counts else 0] * run
        else:
            counts.append(0 if len(counts) == largest else _count(reader, logs[len(counts)] - 1, shift))
    counts = counts[:size]
    counts[largest] = (1 << _ANS_BITS) - sum(counts)
    if counts[largest] <= 0:
        raise FormatError(reader.where, "expected a distribution of 4096 parts, got more")
    return counts


def _count(reader: BitReader, log: int, shift: int) -> int:
    if log <= 0:
        return log + 1
    bits = max(min(log, shift - ((_ANS_BITS - log) >> 1)), 0) if shift else 0
    return (1 << log) + (reader.bits(bits) << (log - bits))
