"""What several test folders need."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run

# What a server runs for every page.
MAIN_SCRIPT = str(Path(__file__).resolve().parents[1] / "course" / "main.py")

TEXT = (
    "NADIA: Who put a rubber duck in the dryer?\n\nOTTO: It was wet, and it wanted warmth.\n" * 40
)


def write_run(root, name, *, text=TEXT, tokenizer="char", preset="classic", seed=0, **config):
    """A run's folder with weights, as training would leave it, made in a moment.

    The weights are random, but large enough for attention to have patterns and heads to matter.
    name: hexadecimal, as in the address ?model=name.
    """
    words = train_tokenizer(tokenizer, text)
    config = {"block_size": 32, "n_layer": 2, "n_head": 2, "n_embd": 32} | config
    model_config = GPTConfig.from_preset(preset, vocab_size=words.vocab_size, **config)
    run = Run.create(
        root,
        model_config=model_config,
        train_config=TrainConfig(steps=1),
        tokenizer=words,
        text=text,
        corpus_name="test",
        name=name,
    )
    torch.manual_seed(seed)
    model = GPT(model_config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=2 / model_config.n_embd**0.5)
    run.save_model(model, 1)
    run.set_status("finished", 1)
    return run


def app_at(lesson, timeout=60):
    """The app as AppTest, about to open a lesson first, as a link to it does."""
    app = AppTest.from_file(MAIN_SCRIPT, default_timeout=timeout)
    if lesson != "home":
        # `switch_page` knows the address of a page only after the app has run once.
        app._page_hash = calc_hash(lesson)
    return app


def run_loop(coroutine):
    """Run a coroutine to its end, in a thread: a browser test may have left a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
