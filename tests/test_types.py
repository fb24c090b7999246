"""Types: the checker finds nothing to say, and would say something of a wrong name."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent
WRONG = """\
import optuna
import streamlit
import torch

from gpt_core.model import GPTConfig
from ui.services.models import run_folder

GPTConfig(vocab_size=1).n_layers
run_folder(1)
torch.nn.Linear(1, 2).weight.no_such
streamlit.toast("", icon=3)
optuna.create_study(direction=1)
"""


def mypy(*arguments):
    """Run it with the project's settings; its output, and whether all is well."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", PROJECT / "pyproject.toml", *arguments],
        cwd=PROJECT,
        env=os.environ | {"MYPYPATH": str(PROJECT)},
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr, done.returncode == 0


def test_the_types_agree():
    said, well = mypy()
    assert well, said


def test_a_wrong_name_and_a_wrong_argument_are_found(tmp_path):
    path = tmp_path / "wrong.py"
    path.write_text(WRONG)
    said, well = mypy(path)
    assert not well
    for error in (
        '8: error: "GPTConfig" has no attribute "n_layers"',
        '9: error: Argument 1 to "run_folder" has incompatible type "int"',
        '10: error: "Tensor" has no attribute "no_such"',
        '11: error: Argument "icon" has incompatible type "int"',
        '12: error: Argument "direction" to "create_study" has incompatible type',
    ):
        assert f"wrong.py:{error}" in said
