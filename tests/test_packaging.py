"""`pip install .`: the requirements of requirements*.txt, and all that the library needs."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from gpt_core.bundled import bundled_run_path

PROJECT = Path(__file__).parent.parent
DESCRIBED = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]


def listed(name):
    lines = (PROJECT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def test_requirements_say_the_same():
    assert DESCRIBED["dependencies"] == listed("requirements.txt")
    extras = DESCRIBED["optional-dependencies"]
    assert extras["dev"] == listed("requirements-dev.txt")
    assert set(extras["fast"]) < set(extras["dev"])  # so that the tests run with it


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, made of a copy so that nothing is left in the project's folder."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("corpus", "gpt_core"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / name, folder / "copy" / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, folder / "copy")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, "."]
    subprocess.run(command, cwd=folder / "copy", check=True)
    (made,) = folder.glob("*.whl")
    with zipfile.ZipFile(made) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def test_the_wheel_holds_every_file_of_the_library(wheel):
    for name in ("corpus", "gpt_core"):
        kept = {
            path.relative_to(PROJECT)
            for path in (PROJECT / name).rglob("*")
            if path.is_file() and path.parent.name != "__pycache__"
        }
        assert not {path for path in kept if not (wheel / path).is_file()}


def test_the_installed_command_writes_with_the_bundled_run(wheel, tmp_path):
    (entry_points,) = wheel.glob("*.dist-info/entry_points.txt")
    assert "gpt-scratch = gpt_core.cli.main:program" in entry_points.read_text()
    run = wheel / bundled_run_path().relative_to(PROJECT)
    code = (
        "import sys; from gpt_core.cli.main import program; sys.argv[0] = 'gpt-scratch'; program()"
    )
    command = [sys.executable, "-c", code, "sample", "--run", run, "--tokens", "5"]
    done = subprocess.run(command, cwd=wheel, capture_output=True, text=True, check=True)
    assert len(done.stdout.strip()) > 3
    command = [sys.executable, "-c", code, "--help"]
    done = subprocess.run(command, cwd=wheel, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: gpt-scratch ")
