"""Fitting a neural gain map. Torch lives here and nowhere else."""
