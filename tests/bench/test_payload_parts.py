"""Where the bytes of payloads go."""

from __future__ import annotations

from gainmap_bench.experiments.payload_parts import part_rows, part_sizes
from support.paths import FIXTURES


def test_parts_sum_to_the_payload() -> None:
    for path in (FIXTURES / "payload/v1").glob("*.bin"):
        payload = path.read_bytes()
        *parts, whole = part_sizes(payload)
        assert sum(parts) == whole == len(payload)


def test_the_header_of_a_photo_takes_seventeen_bytes() -> None:
    """A working grid of up to 1024 cells a side, no coordinates, the usual offsets."""
    assert part_sizes((FIXTURES / "payload/v1/balanced.bin").read_bytes())[0] == 17


def test_rows_are_of_photos_and_of_bare_payloads() -> None:
    files = FIXTURES / "jpeg/both.jpg", FIXTURES / "jpeg/standard.jpg", FIXTURES / "payload/v1/empty.bin"
    _, _, photo, bare = part_rows(files)
    assert photo.startswith("| both | 16 |") and bare.endswith("| 0 | 33 |")
