"""The JavaScript's own tests, which run in Node, and the rules that a machine can check of it."""

import subprocess
from pathlib import Path

import pytest

from tests.node import program

PROJECT = Path(__file__).parent.parent


def run(*command):
    done = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, encoding="utf-8", timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def npm():
    """npm, in a folder that has what package.json names."""
    npm = program("npm")
    program("node")
    kept = subprocess.run([npm, "ls", "--depth=0"], cwd=PROJECT, capture_output=True)
    if kept.returncode != 0:
        run(npm, "ci", "--no-audit", "--no-fund")
    return npm


def test_lint(npm):
    run(npm, "run", "lint")


def test_types(npm):
    run(npm, "run", "types")


def test_pure_functions(npm):
    run(npm, "test")
