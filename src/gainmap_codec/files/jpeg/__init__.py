"""JPEG files ⇄ `GainMapFile`."""
