"""What code values mean: primaries, transfer functions, ICC profiles, code points."""
