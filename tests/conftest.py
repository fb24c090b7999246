"""Settings of every test."""

from pathlib import Path

import pytest
from hypothesis import settings

# A slow moment of a busy machine is no bug, so no test case has a deadline of its own.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")

FOLDER = Path(__file__).parent
# Files that take more than two seconds, the slowest first. They begin first, so that of several
# workers none is left with a long one at the end.
SLOW = (FOLDER / "slow.txt").read_text().split()


def pytest_collection_modifyitems(items):
    """Mark the slow ones, and let them begin."""
    order = {FOLDER / name: place for place, name in enumerate(SLOW)}
    for item in items:
        if item.path in order:
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: order.get(item.path, len(order)))
