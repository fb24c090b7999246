"""The first words of the app are painted before anything heavy is imported."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

# What Home needs up to its first words: the sidebar with its live text box, and the page's imports.
FIRST_WORDS = """
import sys
import ui.sidebar, ui.startup, ui.visitor
ui.sidebar.sidebar()
from ui import bars, block_diagram, pipeline, results, source, theme, tokens
import gpt_core.tokenizers
print(*({"torch", "pandas", "transformers"} & set(sys.modules)))
"""


# The warm-up has begun to import pandas when a page is about to draw.
HALF_IMPORTED = """
import importlib, sys, threading, time
import ui.startup
threading.Thread(target=importlib.import_module, args=["pandas"]).start()
while "pandas" not in sys.modules:
    time.sleep(0.001)
ui.startup.let_words_through()
print(hasattr(sys.modules["pandas"], "Series"))
"""


def output_of(code):
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_first_words_wait_for_no_heavy_library():
    assert output_of(FIRST_WORDS) == []


def test_what_is_drawn_later_finds_pandas_whole():
    assert output_of(HALF_IMPORTED) == ["True"]
