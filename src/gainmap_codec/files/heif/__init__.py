"""HEIC and AVIF files ⇄ `GainMapFile`."""
