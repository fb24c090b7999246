"""What several test folders need: models and runs, pages and what they say, waiting."""

import asyncio
import json
import re
import shutil
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import torch
from lxml import html
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run
from ui.show.rows import rows_of_markup

# What a server runs for every page.
MAIN_SCRIPT = str(Path(__file__).resolve().parents[1] / "course" / "main.py")

TEXT = (
    "NADIA: Who put a rubber duck in the dryer?\n\nOTTO: It was wet, and it wanted warmth.\n" * 40
)


def tiny_model(preset="classic", seed=0, std=0.3, **design):
    """A GPT in eval mode that is made and run in a moment; design: what differs, of GPTConfig.

    Its weights are random, but large enough for every part of it to matter.
    """
    torch.manual_seed(seed)
    sizes = {"vocab_size": 11, "block_size": 8, "n_layer": 2, "n_head": 2, "n_embd": 16}
    model = GPT(GPTConfig.from_preset(preset, **sizes | design))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=std)
    return model.eval()


def write_run(root, name, *, text=TEXT, tokenizer="char", preset="classic", seed=0, **config):
    """A run's folder with weights, as training would leave it, made in a moment.

    The weights are random, but large enough for attention to have patterns and heads to matter.
    name: hexadecimal, as in the address ?model=name.
    """
    shutil.rmtree(root / name, ignore_errors=True)  # a test that is tried once more left it there
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


def said(app):
    """What an AppTest's page says, without its tables, pictures and code: one string.

    Terms are no links to the glossary in it.
    """
    kinds = (app.markdown, app.caption, app.info, app.success, app.warning, app.error)
    text = "\n".join(element.value for kind in kinds for element in kind)
    return re.sub(r"\[([^\]]*)\]\(glossary\?[^)]*\)", r"\1", text)


def metrics(app):
    """What the large numbers of an AppTest's page say, by their labels."""
    return {metric.label: metric.value for metric in app.metric}


def sent(app, component):
    """What the page's one component of that name was given to draw, without raw bytes."""
    (data,) = [
        node.proto for node in app.get("bidi_component") if node.proto.component_name == component
    ]
    return json.loads(data.json) if data.json else header_and_bytes(data.bytes)[0]


def figures(app):
    """The figures of the page's charts, by key, as the browser gets them."""
    charts = [n for n in app.get("bidi_component") if n.proto.component_name == "chart"]
    return {key_of(node.proto): json.loads(node.proto.bytes)["figure"] for node in charts}


def bars(app):
    """Of each of the page's bars the rows: a name, and the numbers beside it."""
    pages = [node.proto.body for node in app.main.get("html")]
    drawn = [html.fromstring(page) for page in pages if 'class="amounts"' in page]
    return [
        [(row.findtext(".//bdi"), *[span.text for span in row.iter("span")]) for row in rows]
        for rows in (page.find(".//tbody") for page in drawn)
    ]


def long_after(app):
    """What the page wrote into the address has reached the browser by now, and counts no more."""
    app.session_state["address_written"] = {}


def key_of(proto):
    """An element's key, which stands at the end of its id."""
    return proto.id.split("-", 2)[-1]


def header_and_bytes(message):
    """A message with raw numbers behind its JSON, as ui.components sends it, taken apart."""
    (length,) = struct.unpack_from("<I", message)
    return json.loads(message[4 : 4 + length]), message[4 + length :]


def wait_for(condition, seconds=90.0, process=None):
    """Wait until condition() is true, and return what it gave. A process has to live till then."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds:g} seconds in vain")


def run_loop(coroutine):
    """Run a coroutine to its end, in a thread: a browser test may have left a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def tables(app):
    """The tables of a page as data frames of what is read in their cells."""
    bodies = [element.proto.body for element in app.get("html")]
    shown = [rows_of_markup(body) for body in bodies if body.startswith('<div class="table">')]
    return [pd.DataFrame(rows, columns=names) for names, *rows in shown]
