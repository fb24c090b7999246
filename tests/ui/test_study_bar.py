"""The prompt that the course begins with."""

import re

import torch

from corpus import bundled
from gpt_core.bundled import bundled_run_path
from gpt_core.training.run import Run
from ui.app.study_bar import DEFAULT_PROMPT, LINE_BREAK


def test_the_first_prompt_is_short_and_leaves_the_bundled_model_unsure():
    run = Run.open(bundled_run_path())
    tokenizer, prompt = run.tokenizer(), DEFAULT_PROMPT.replace(LINE_BREAK, "\n")
    ids = tokenizer.encode(prompt)
    assert 10 <= len(ids) <= 12
    p = run.load_model().eval()(torch.tensor([ids]))[0][0, -1].softmax(dim=-1)
    assert 1.5 < -(p * p.log2()).nansum() < 3  # bits; as unsure as among 3 to 8 equal guesses
    assert p.max() < 0.5
    names = [tokenizer.token_text(i) for i in p.topk(4).indices.tolist()]
    assert all(re.fullmatch(r" [A-Z][a-z]+", name) for name in names)  # people


def test_the_first_prompt_begins_as_a_scene_of_the_bundled_text_does():
    heading = DEFAULT_PROMPT.split(LINE_BREAK)[0]
    assert f"\n{heading}\n\n(" in bundled().text
