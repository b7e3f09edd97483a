"""Bytes ⇄ frozen records. No pixels, no torch, no paths, no sockets."""
