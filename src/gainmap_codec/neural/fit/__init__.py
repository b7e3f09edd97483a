"""Fitting our own networks, and choosing among fits."""
