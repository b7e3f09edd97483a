"""Measurements that the documents quote, each by a command: ``python -m gainmap_bench --help``."""
