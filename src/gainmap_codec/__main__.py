"""``python -m gainmap_codec`` is the command ``gainmap``."""

from gainmap_command import main

if __name__ == "__main__":  # processes that a batch starts import this module as well
    main()
