"""Gain maps, standard and neural: computed, applied, edited."""
