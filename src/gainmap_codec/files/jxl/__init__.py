"""JPEG XL files: boxes and codestreams. Standard: ISO/IEC 18181."""
