"""From files to renditions, and from pairs to files."""
