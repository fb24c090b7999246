"""Node, which runs what is tested of the JavaScript without a browser."""

import os
import shutil

import pytest


def program(name="node"):
    """The path of node or npm. Missing on a developer's machine, its tests are skipped."""
    found = shutil.which(name)
    if not found and os.environ.get("CI"):
        pytest.fail(f"There is no {name}: install Node.")
    if not found:
        pytest.skip(f"There is no {name}.")
    return found
