from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainmap_codec.files.payload.range_coder import (
    BitModel,
    MagnitudeModel,
    MagnitudeStates,
    RangeDecoder,
    RangeEncoder,
)

EVEN = (128, 0)
GOLDEN = {
    "none": ([], ""),
    "small": ([0, 1, -1, 2, -5, 127, -127, 0, 0, 0], "6f 7a 6a 39 e8 c0 1b 7d"),
    "zeros": ([0] * 500, ""),
    "extremes": ([65535, -65535, 32768, -32767, 0, 1], "ff ff fe e3 7d 54 39 bb 55 15 fd"),
    "alternating": ([3, -3] * 20, "d6 1c 35 de 1a d9"),
    "a carry": ([-7, -5, 65535], "ef 00 3b 68 b2"),  # all carry through a byte of FF
    "another carry": ([-4, 65535, -3, 0, 65535], "e3 ff 7f fa 00 85 58 9b"),
}
SMALL = GOLDEN["small"][0]
integers = st.lists(st.one_of(st.integers(-3, 3), st.integers(-65535, 65535)), max_size=200)
bits = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1)), max_size=600)


def model() -> MagnitudeModel:
    """Of numbers of at most 16 bits, without any training."""
    return MagnitudeModel(MagnitudeStates(EVEN, (EVEN,) * 6), [BitModel(EVEN) for _ in range(4)], 16)


def encode(values: list[int]) -> bytes:
    coder, models = RangeEncoder(), model()
    for value in values:
        assert models.code_signed(coder, value) == value
    return coder.finish()


def decode(data: bytes, count: int) -> list[int]:
    coder, models = RangeDecoder(data), model()
    return [models.code_signed(coder, 0) for _ in range(count)]


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_bytes(name: str) -> None:
    values, text = GOLDEN[name]
    assert encode(values).hex(" ") == text
    assert decode(bytes.fromhex(text), len(values)) == values


def test_a_model_moves_fast_at_first_and_never_reaches_certainty() -> None:
    zeros, ones = BitModel(EVEN), BitModel(EVEN)
    seen = []
    for _ in range(2000):
        zeros.update(0)
        ones.update(1)
        seen.append(zeros.probability)
    assert seen[:3] == [54608, 58978, 60851]  # 5/6, 9/10 and 13/14 of 65536, near enough
    assert (zeros.probability, ones.probability) == (65409, 32)  # shifts round down


def test_a_model_that_has_seen_much_moves_little() -> None:
    sure, unsure = BitModel((192, 40)), BitModel((192, 2))
    sure.update(1)
    unsure.update(1)
    assert sure.probability == 49152 - -(-49152 * (8192 // 83) // 4096)
    assert unsure.probability == 49152 - -(-49152 * (8192 // 7) // 4096)


def test_a_model_counts_like_a_mean() -> None:
    """Of 60 zeros among 100 bits: 0.6, but for rounding and the early bits."""
    counted = BitModel(EVEN)
    for n in range(100):
        counted.update(int(n % 5 >= 3))
    assert counted.probability / 65536 == pytest.approx(0.6, abs=0.02)


@given(integers)
def test_integers_come_back(values: list[int]) -> None:
    data = encode(values)
    assert decode(data, len(values)) == values
    assert not data.endswith(b"\0")


@given(bits)
def test_adaptive_and_even_bits_come_back(symbols: list[tuple[int, ...]]) -> None:
    """Kind 0 is an even bit, the others have a model each."""
    coder, models = RangeEncoder(), [BitModel(EVEN) for _ in range(5)]
    for kind, bit in symbols:
        coder.bit(models[kind], bit) if kind else coder.even_bit(bit)
    data = coder.finish()
    decoder, models = RangeDecoder(data), [BitModel(EVEN) for _ in range(5)]
    found = [decoder.bit(models[kind]) if kind else decoder.even_bit() for kind, _ in symbols]
    assert found == [bit for _, bit in symbols]
    assert decoder.exhausted and not data.endswith(b"\0")


@given(st.binary(max_size=100), st.integers(0, 200))
def test_any_bytes_decode(data: bytes, count: int) -> None:
    assert all(abs(value) <= 65535 for value in decode(data, count))


def test_exhausted_tells_of_bytes_behind_the_last_symbol() -> None:
    data = encode(SMALL)
    for extra, exhausted in ((b"", True), (b"\0" * 8, False)):
        coder, models = RangeDecoder(data + extra), model()
        assert [models.code_signed(coder, 0) for _ in SMALL] == SMALL
        assert coder.exhausted is exhausted


def test_a_repeated_integer_costs_less_and_less() -> None:
    assert len(encode([0] * 4000)) == 0
    assert len(encode([17] * 100)) == 53  # four even bits each, 50 bytes, and the models' learning
