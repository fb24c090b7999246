"""What is done once per process, so that the first page is soon there and the others are quick."""

from __future__ import annotations

import gc
import sys
import threading
import time

from ui.services.processwide import once_per_process

# Seconds. In the first the first page is painted, if it needs no model; the moment is enough for
# words on their way to the browser.
_FIRST_PAGE = 3.0
_MOMENT = 0.2


@once_per_process()
def prepare_process() -> threading.Thread:
    """Import the heavy libraries in the background, while the first page is already painted."""
    thread = threading.Thread(target=_warm, name="warm-up", daemon=True)
    thread.start()
    return thread


def let_words_through() -> None:
    """Wait for a moment, before the first import of PyTorch only.

    Importing holds the interpreter for a second. What the page has said so far goes out before.
    """
    if "torch" not in sys.modules:
        time.sleep(_MOMENT)


def _warm() -> None:
    time.sleep(_FIRST_PAGE)
    import torch

    # One thread per forward: with thirty visitors on two cores, more threads only wait for each
    # other (p95 of a rerun: 151 ms with two, 24 ms with one).
    torch.set_num_threads(1)

    from gpt_core.memory import keep_freed_memory

    keep_freed_memory()

    import pandas  # noqa: F401

    import gpt_core.training.run  # noqa: F401
    from gpt_core.generate.compiled import prepare

    prepare()  # where numba is installed: seconds the first time, then under one

    # What is loaded now lives as long as the process; collecting garbage need not look at it.
    gc.collect()
    gc.freeze()
