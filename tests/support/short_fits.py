"""Presets whose fits take a second, for tests of what becomes of a payload."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gainmap_codec.neural.fit import presets
from gainmap_codec.neural.fit.presets import Presets

SHIPPED = "gainmap_codec.neural.fit.presets.SHIPPED"
"""What tests replace by `shortened()`, for fits that are begun far below them."""


def shortened(published: dict[str, Any] | None = None, **multiscale: Any) -> Presets:
    """The presets as they are now, with other values of these fields.

    Args:
        published: Fields of every `PublishedConfig`; None leaves these as they are.
        multiscale: Fields of every `MultiscaleConfig`.
    """
    now = presets.shipped_presets()
    return Presets(
        {name: replace(config, **multiscale) for name, config in now.multiscale.items()},
        {name: replace(config, **published or {}) for name, config in now.published.items()},
    )
