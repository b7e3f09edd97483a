"""Gain-MLP's networks: the forward pass, the fit, the initial weights."""
