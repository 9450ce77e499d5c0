"""The garbage collector of a process that runs for long: it looks less often, and not at what is there for good."""

import gc

_YOUNG, _MIDDLE, _OLD = 20_000, 20, 20
"""After how many new objects, and how many looks at the younger ones, it looks: Python's own 700, 10, 10 look several times a case."""


def settle() -> None:
    """Once everything is loaded. What is garbage in a circle then stays some megabytes longer; nothing else changes (`make bench`)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
