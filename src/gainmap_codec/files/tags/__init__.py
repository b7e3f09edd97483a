"""EXIF and XMP: reading a little of them, changing a little of them."""
