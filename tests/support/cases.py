"""(record, bytes) pairs that drive reader and writer tests alike; the bytes are the authority."""

from __future__ import annotations

from gainmap_codec.files.records import Fraction, GainMapChannel, GainMapMetadata

_ONE = Fraction(1, 1)
_OFFSET = Fraction(1, 64)


def channel(low: Fraction, high: Fraction, gamma: Fraction = _ONE) -> GainMapChannel:
    return GainMapChannel(low, high, gamma, _OFFSET, _OFFSET)


ONE_CHANNEL = GainMapMetadata(Fraction(0, 1), Fraction(2, 1), (channel(Fraction(0, 1), Fraction(2, 1)),))
THREE_CHANNELS = GainMapMetadata(Fraction(0, 1), Fraction(3, 1), (channel(Fraction(-1, 2), Fraction(3, 1)),) * 3)
EXTREME = GainMapMetadata(
    base_hdr_headroom=Fraction(2**32 - 1, 2**32 - 1),
    alternate_hdr_headroom=Fraction(0, 2**32 - 1),
    channels=(
        GainMapChannel(
            Fraction(-(2**31), 2**26),
            Fraction(2**31 - 1, 2**32 - 1),
            Fraction(1, 2**32 - 1),
            Fraction(2**31 - 1, 1),
            Fraction(0, 7),
        ),
    ),
    use_base_colour_space=False,
    writer_version=65535,
)

_OFFSETS_HEX = "00000001 00000040 00000001 00000040"
ISO_CASES: dict[str, tuple[GainMapMetadata, bytes]] = {
    "one-channel": (
        ONE_CHANNEL,
        bytes.fromhex(
            "00000000 40 00000000 00000001 00000002 00000001"
            "00000000 00000001 00000002 00000001 00000001 00000001" + _OFFSETS_HEX
        ),
    ),
    "three-channels": (
        THREE_CHANNELS,
        bytes.fromhex(
            "00000000 C0 00000000 00000001 00000003 00000001"
            + 3 * ("FFFFFFFF 00000002 00000003 00000001 00000001 00000001" + _OFFSETS_HEX)
        ),
    ),
    "extreme": (
        EXTREME,
        bytes.fromhex(
            "0000FFFF 00 FFFFFFFF FFFFFFFF 00000000 FFFFFFFF"
            "80000000 04000000 7FFFFFFF FFFFFFFF 00000001 FFFFFFFF 7FFFFFFF 00000001 00000000 00000007"
        ),
    ),
}

MPF_POSITION, MPF_PRIMARY_BYTES, MPF_GAIN_MAP_BYTES = 5000, 100_000, 20_000
MPF_SEGMENT = bytes.fromhex(
    "FFE2 0058 4D504600 4D4D002A 00000008 0003 B000000700000004 30313030 B001000400000001 00000002"
    "B002000700000020 00000032 00000000 00030000 000186A0 00000000 0000 0000"
    "00000000 00004E20 00017310 0000 0000"
)
