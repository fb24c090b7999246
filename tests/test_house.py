"""The house rules that a machine can check: import direction, lint, format, no pickles."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent

# Who may import whom, from the top of the house down.
FLOORS = {"corpus": 0, "gpt_core": 1, "ui": 2, "pages": 3, "course": 3, "app": 3}
NAME = re.compile(r"\w+")
FOREIGN = {"corpus": {"torch", "streamlit", "plotly"}, "gpt_core": {"streamlit", "plotly"}}


def modules():
    files = [PROJECT / "app.py"]
    for floor in FLOORS:
        files += sorted((PROJECT / floor).rglob("*.py"))
    return files


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import"
            yield node.module.split(".")[0]


def floor_of(path):
    return path.relative_to(PROJECT).parts[0].removesuffix(".py")


def violations(floor, names):
    """Imports that go up the house, across pages, or out of a floor's reach."""
    higher = {n for n in names if n in FLOORS and FLOORS[n] > FLOORS[floor]}
    return higher | (names & FOREIGN.get(floor, set()))


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PROJECT)))
def test_imports_go_one_way(path):
    assert not violations(floor_of(path), set(imported(path)))


def test_the_check_would_catch_a_wrong_import():
    assert violations("corpus", {"gpt_core"}) == {"gpt_core"}
    assert violations("gpt_core", {"streamlit", "torch"}) == {"streamlit"}
    assert not violations("ui", {"gpt_core", "corpus", "streamlit"})


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PROJECT)))
def test_nothing_is_unpickled(path):
    assert not {"pickle", "dill", "joblib", "shelve", "marshal"} & set(imported(path))
    assert "torch.load(" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PROJECT)))
def test_results_are_kept_by_one_cache(path):
    """Streamlit's can be emptied by any visitor, and counts results instead of their bytes."""
    text = path.read_text(encoding="utf-8")
    assert not {"cache_resource", "cache_data", "lru_cache"} & set(NAME.findall(text)) or (
        floor_of(path) in ("corpus", "gpt_core")
    )


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]])
def test_ruff(arguments):
    result = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "."], cwd=PROJECT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
