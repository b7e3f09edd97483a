"""Whole libraries of photos: `convert`, on all cores or on a cluster, to be gone on with after any interruption."""

from gainmap_codec.batch.driver import convert
from gainmap_codec.batch.records import BatchReport, PassedOver, PhotoRecord

__all__ = ["BatchReport", "PassedOver", "PhotoRecord", "convert"]
