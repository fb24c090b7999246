"""CONTRIBUTING.md's "Add a lesson", followed word for word in a copy of the project."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
GUIDE = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FOLDERS = ("benchmarks", "corpus", "course", "gpt_core", "notebooks", "pages", "tests", "ui")
COPIED = ("app.py", "pyproject.toml", *FOLDERS)
_STEP = re.compile(r"in `([\w/]+\.py)`[^`]*```(?:python|text)\n(.*?)```", re.S)


def steps():
    """The guide's files by their paths, in its order."""
    section = GUIDE[GUIDE.index("## Add a lesson") : GUIDE.index("## Record a result")]
    return dict(_STEP.findall(section))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    for name in COPIED:
        if (PROJECT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "node_modules")
            shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(PROJECT / name, folder)
    for name, text in steps().items():
        (folder / name).parent.mkdir(exist_ok=True)
        if name != "course/lessons.py":
            (folder / name).write_text(text, encoding="utf-8")
    table = folder / "course" / "lessons.py"
    line = steps()["course/lessons.py"]
    heading = '    "Learning": ('
    whole = table.read_text(encoding="utf-8")
    assert whole.count(f"    ),\n{heading}") == 1
    table.write_text(whole.replace(f"    ),\n{heading}", f"{line}    ),\n{heading}"))
    return folder


def run(project, *command):
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=project, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_guide_has_five_steps():
    lesson = {f"pages/confidence/{name}.py" for name in ("results", "words", "page")}
    assert set(steps()) == lesson | {"course/lessons.py", "tests/pages/test_confidence.py"}


def test_the_lesson_of_the_guide_passes_its_tests(project):
    run(project, "pytest", "-q", "tests/pages/test_confidence.py")


def test_the_lesson_of_the_guide_keeps_the_house_rules(project):
    run(project, "pytest", "-q", "tests/test_house.py", "-k", "confidence or folder or ruff")


def test_other_tests_take_up_the_lesson_by_themselves(project):
    """pytest fails where it finds no test."""
    files = ("tests/pages/test_addresses.py", "tests/pages/test_prompts.py")
    run(project, "pytest", "--collect-only", "-k", "confidence", *files)
