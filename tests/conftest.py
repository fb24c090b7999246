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
# Tests for which the gate's minutes don't suffice, each with another beside it that would notice
# most of what it would. They run with --thorough, and when their file is named.
THOROUGH = tuple((FOLDER / "thorough.txt").read_text().splitlines())


def pytest_addoption(parser):
    """Add --thorough."""
    parser.addoption("--thorough", action="store_true", help="also run what the gate leaves out")


@pytest.fixture
def thorough(pytestconfig) -> bool:
    """Whether to try everything and not a part."""
    return pytestconfig.getoption("--thorough")


def pytest_collection_modifyitems(config, items):
    """Leave out what takes too long, mark the slow ones, and let them begin."""
    if not config.getoption("--thorough") and not any(".py" in arg for arg in config.args):
        left = [i for i in items if i.nodeid.removeprefix("tests/").startswith(THOROUGH)]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
    for item in items:
        if item.path.is_relative_to(FOLDER / "browser"):
            # A browser beside two other workers misses a moment now and then. Its test is tried
            # once more, and the summary names it; what is broken fails twice.
            item.add_marker(pytest.mark.flaky(reruns=1))
    order = {FOLDER / name: place for place, name in enumerate(SLOW)}
    for item in items:
        if item.path in order:
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: order.get(item.path, len(order)))
