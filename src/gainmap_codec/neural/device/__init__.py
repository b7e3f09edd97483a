"""Rendering on a torch device."""
