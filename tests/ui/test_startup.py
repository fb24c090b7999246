"""The first words of the app are painted before anything heavy is imported."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

# What Home needs up to its first words: the bar with its live text box, and the page's imports.
FIRST_WORDS = """
import sys
import ui.app.study_bar, ui.app.startup, ui.app.visitor
ui.app.study_bar.study_bar()
from ui.app import source
from ui.components import block_diagram
from ui.show import plotly_json, theme, tokens
from pages.home import machine, recorded, results, road, words, writing
import gpt_core.tokenizers
print(*({"torch", "pandas", "transformers"} & set(sys.modules)))
"""

LIVE_MACHINE = """
import sys
from pages.home import recorded
from ui.app import sample_settings
recorded.live()
print(*({"pandas", "transformers"} & set(sys.modules)))
"""


def output_of(code):
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_first_words_wait_for_no_heavy_library():
    assert output_of(FIRST_WORDS) == []


def test_the_live_machine_waits_for_pytorch_alone():
    assert output_of(LIVE_MACHINE) == []
