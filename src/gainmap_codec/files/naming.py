"""What files of each container are called."""

from __future__ import annotations

from posixpath import splitext

from gainmap_codec.files.records import Container

SUFFIXES: dict[Container, tuple[str, ...]] = {
    "jpeg": (".jpg", ".jpeg"),
    "heic": (".heic", ".heif"),
    "avif": (".avif",),
}
"""Of each container, the usual one first."""


def named_for(name: str, container: Container | None) -> str:
    """The name with a suffix of the container: its own where that is one, or where the container is None."""
    stem, suffix = splitext(name)
    if container is None or suffix.lower() in SUFFIXES[container]:
        return name
    return stem + SUFFIXES[container][0]


def check_name(name: str, container: Container) -> None:
    """Raise ValueError for a file's name whose suffix is not one of its container."""
    if splitext(name)[1].lower() not in SUFFIXES[container]:
        wanted = " or ".join(SUFFIXES[container])
        raise ValueError(f"{name}: a name ending in {wanted} wanted for {container.upper()}")
