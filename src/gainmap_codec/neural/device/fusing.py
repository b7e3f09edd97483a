"""Whether Triton's kernels can be had."""

from __future__ import annotations

import logging
from functools import cache

log = logging.getLogger(__name__)

_OLDEST = 3, 3  # that the kernels were compiled with


@cache
def can_fuse() -> bool:
    """Whether Triton is installed, and can build what it needs to reach a GPU."""
    try:
        import triton

        if tuple(map(int, triton.__version__.split(".")[:2])) < _OLDEST:
            return False
        triton.runtime.driver.active.get_current_target()
    except ImportError:
        return False
    except Exception as error:  # no C compiler, no headers of Python: whatever building a module may raise
        log.warning("Triton cannot be used, plain torch serves: %s", error)
        return False
    return True
