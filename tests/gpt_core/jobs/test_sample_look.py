import json
import math

import pytest
import torch
import torch.nn.functional as F

from corpus.sitcom import check, generate, whole_text
from gpt_core.evaluation.continuations import continuations
from gpt_core.evaluation.held_out import held_out
from gpt_core.generate.sample import SampleConfig
from gpt_core.jobs import JobError
from gpt_core.jobs.sample_look import SAMPLES, sample_look
from gpt_core.training.run import Run
from tests.helpers import write_run

SETTINGS = {"temperature": 1.0, "top_p": 0.9, "seed": 1}


def last(run, settings=SETTINGS):
    *steps, end = sample_look(run, settings)
    assert end.done == end.total
    assert all(step.done < step.total for step in steps)
    json.dumps(end.value, allow_nan=False)
    return end.value


def test_continuations_of_any_text_are_looked_at_beside_the_text_itself(tmp_path):
    run = write_run(tmp_path, "0000000a", block_size=64)
    value = last(run)
    config = SampleConfig(temperature=1.0, top_p=0.9, seed=1)
    pieces = held_out(run, SAMPLES, 64).pieces
    pairs = list(continuations(run.load_model(), run.tokenizer(), pieces, 8, config))
    assert value["texts"] == [pair.written for pair in pairs]
    # Two lines are the whole text, so held-out text has no new word but cut ones.
    assert value["real"]["look"]["known"]["value"] > 0.8
    assert value["written"]["look"]["known"]["value"] < 0.3
    assert value["real"]["passed"] is None
    model, total, characters = run.load_model(), 0.0, 0
    for pair in pairs:
        ids = torch.tensor(run.tokenizer().encode(pair.real))
        logits = model(ids[None])[0][0, :-1]
        total += F.cross_entropy(logits, ids[1:], reduction="sum").item() / math.log(2)
        characters += len(pair.real) - 1
    assert value["real"]["bits"]["value"] == pytest.approx(total / characters, rel=1e-3)


def test_scenes_of_a_sitcom_are_checked(tmp_path):
    text = whole_text(3, 40)
    made = write_run(tmp_path, "0000000b", text=text, tokenizer="bpe", block_size=64)
    sitcom = Run.open(made.path)
    sitcom.corpus["sitcom"] = {"seed": 3, "scenes": 40}
    value = last(sitcom)
    scenes = [scene.text for scene in generate(1, SAMPLES, held_out=True)]
    assert all(check(scene).passed for scene in scenes)
    assert value["real"]["passed"]["value"] == 1
    assert value["written"]["passed"]["value"] == 0
    assert len(value["texts"]) == SAMPLES


@pytest.mark.parametrize("wrong", [{"temperature": 0}, {"top_p": None}, {"seed": "x"}])
def test_settings_are_checked(tmp_path, wrong):
    with pytest.raises(JobError):
        list(sample_look(write_run(tmp_path, "0000000a"), SETTINGS | wrong))
    with pytest.raises(JobError, match="Choose a model"):
        list(sample_look(None, SETTINGS))
