"""NumPy arrays in, NumPy arrays out. No torch."""
