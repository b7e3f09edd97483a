"""What a standard gain map says about itself: ISO 21496-1, hdrgm XMP, Apple."""
