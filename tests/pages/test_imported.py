"""Every lesson on an imported GPT-2: its real vocabulary, byte tokens, and no recorded run."""

import re

import pytest
import torch

from corpus import bundled
from gpt_core.huggingface import import_run, load_gpt2, save_gpt2
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import GPT2Tokenizer
from pages.evaluation import words
from tests import helpers
from ui.services import models

LESSONS = ["home", "data", "tokenization", "embeddings", "averaging", "mlp", "layernorm"]
LESSONS += ["attention", "heads", "residual", "normalization", "training", "one_step", "sample"]
LESSONS += ["surprise", "scrape", "patching"]
LESSONS += ["positions"]
LESSONS += ["head_importance", "evaluation"]
PROMPT = "Who put 🦆🧺 日本 in the dryer?"
SHAPE = {"block_size": 1024, "n_layer": 2, "n_head": 4, "n_embd": 64, "activation": "gelu_tanh"}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder of runs with a seeded GPT-2: small, but with all 50,257 tokens."""
    torch.manual_seed(0)
    folder, text = tmp_path_factory.mktemp("imported"), bundled()
    save_gpt2(GPT(GPTConfig(50_257, **SHAPE)), GPT2Tokenizer.published(), folder / "checkpoint")
    import_run(load_gpt2(folder / "checkpoint"), folder / "runs" / "gpt2", text.text, text.name)
    return folder / "runs"


@pytest.fixture
def open_imported(open_lesson, root, monkeypatch):
    monkeypatch.setenv("GPT_RUNS", str(root))
    return lambda lesson, prompt=PROMPT: open_lesson(lesson, prompt, model="gpt2")


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_works(open_imported, lesson):
    app = open_imported(lesson)
    assert "Folder: gpt2" in app.selectbox(key="model").options
    assert not app.error
    said = " ".join(caption.value for caption in app.caption)
    assert said.count("This model came here already trained") == 1
    assert said.count("is a byte") == 1
    assert len(app.markdown) > 2
    answer_all(app)
    told = helpers.said(app)
    prose = "\n".join(line for line in told.splitlines() if not line.startswith("|"))
    assert not re.findall(r"(?<![\d.])0\.0%", prose)  # one token of 50,257 is likely, a little
    assert not re.findall(r"\b(?:1024|50257)\b", told)
    assert not re.findall(r"[^.]*(?:this model|It) learned[^.]*“[^.]*", told)  # nobody knows


def test_what_it_learned_from_can_t_be_looked_up_for_copies(open_imported, open_lesson):
    told = helpers.said(open_imported("evaluation"))
    assert words.IMPORTED in told
    assert words.NOT_ITS_TEXT in told
    assert words.NOT_ITS_TEXT not in helpers.said(open_lesson("evaluation"))


def answer_all(app):
    """Guess the first option of every question."""
    while asked := [radio for radio in app.main.radio if radio.value is None]:
        asked[0].set_value(asked[0].options[0]).run()
        assert not app.exception


def test_a_prompt_of_whole_characters_needs_no_sentence_about_bytes(open_imported):
    app = open_imported("attention", "Who put the duck in?")
    assert not any("is a byte" in caption.value for caption in app.caption)


def test_it_writes(open_imported):
    app = open_imported("sample")
    app.slider(key="length").set_value(20).run()
    app.button(key="write").click().run()
    for _ in range(60):
        if not app.session_state["writing"].live:
            break
        app.run()
    assert not app.exception and len(app.session_state["writing"].texts) == 20


def test_a_long_prompt_leaves_the_pictures_a_size_to_send(open_imported):
    app = open_imported("attention", "a b c d e f g h " * 120)
    cut = [info.value for info in app.info if "707 tokens;" in info.value]
    assert len(cut) == 1  # 2 layers × 4 heads × 707² is just below 4 million cells


@pytest.mark.parametrize(
    "key",
    ["../gpt2", "gpt2/", "gpt2/../gpt2", "./gpt2", ".", "..", "nothing", "", "a" * 5000, "a\0b"],
)
def test_a_key_from_the_address_is_no_path(root, monkeypatch, key):
    monkeypatch.setenv("GPT_RUNS", str(root))
    assert models.run_folder(key) is None and models.run_folder("gpt2") is not None


def test_nobody_says_what_kind_of_text_it_learned_from(open_imported, open_lesson):
    said = helpers.said(open_imported("evaluation"))
    assert "The end of the text that came with it costs this model" in said
    assert "of the kind that it did" not in said and "of the training text" not in said
    assert "of the kind that it did, costs" in words.question(1.0, False)
