"""The command line ``gainmap``."""
