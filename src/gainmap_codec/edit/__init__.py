"""Gain-map files changed: container, size, part, orientation, metadata; HDR kept."""
