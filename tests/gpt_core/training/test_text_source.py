import json

import numpy as np
import pytest

from corpus.lists import lists
from corpus.sitcom import SEPARATOR, small_fillers, whole_text
from gpt_core.bundled import bundled_run_path
from gpt_core.model.config import GPTConfig
from gpt_core.model.settings import ConfigError
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training.config import TrainConfig
from gpt_core.training.data import DataError, encode_to_array, split
from gpt_core.training.run import RENAMED, Run
from gpt_core.training.run_files import RunError
from gpt_core.training.text_source import (
    ListsText,
    SitcomText,
    TextFile,
    rare_ids,
    recipe_of,
    token_data,
)
from gpt_core.training.train_run import Interruption, train_run

RECIPE = SitcomText(3, 30)
TEXT = RECIPE.text()
SETTINGS = {"document_starts": True, "rare_token_weight": 10.0}


@pytest.fixture(scope="module")
def pairs():
    return train_tokenizer("bpe", TEXT, 320)


def test_what_the_settings_ask_for_is_known_of_the_tokens(pairs):
    splits = split(encode_to_array(pairs, TEXT))
    plain = token_data(splits, pairs, TrainConfig())
    assert plain.starts is None and plain.weights is None
    found = token_data(splits, pairs, TrainConfig(**SETTINGS))
    assert found.train is splits[0] and found.val is splits[1]
    for tokens, starts in zip(splits, found.starts, strict=True):
        text = pairs.decode(tokens.tolist())
        documents = [pairs.decode(tokens[start:].tolist()) for start in starts]
        assert len(documents) == text.count(SEPARATOR) > 1
        assert all(document.startswith(SEPARATOR) for document in documents)
    heavy = np.flatnonzero(found.weights != 1.0).tolist()
    assert heavy == rare_ids(pairs) and set(found.weights[heavy]) == {10.0}
    assert all(any(f" {f}".startswith(pairs.decode([i])) for f in small_fillers()) for i in heavy)


def test_settings_that_a_text_has_nothing_for_are_refused(pairs):
    characters = train_tokenizer("char", TEXT)
    with pytest.raises(ConfigError, match="use rare_token_weight 1"):
        token_data(
            split(encode_to_array(characters, TEXT)), characters, TrainConfig(rare_token_weight=2.0)
        )
    with pytest.raises(DataError, match="has no documents"):
        splits = split(encode_to_array(pairs, "one line\n" * 100))
        token_data(splits, pairs, TrainConfig(document_starts=True))


def test_lists_are_made_again_by_their_recipe():
    recipe = ListsText(4, 50)
    assert recipe.text() == lists(4, 50)
    assert recipe_of(recipe.describe()) == recipe and recipe_of(RECIPE.describe()) == RECIPE
    assert recipe_of({}) is None
    for damaged in ({"seed": 1}, {"seed": 1, "count": 0}, {"seed": 1, "count": 10**9}, "x"):
        with pytest.raises(RunError, match="damaged recipe"):
            recipe_of({"lists": damaged})


def test_a_source_gives_its_text_and_describes_itself(tmp_path):
    (tmp_path / "corpus.txt").write_text(TEXT)
    file = TextFile(tmp_path / "corpus.txt")
    assert file.text() == RECIPE.text() == whole_text(3, 30)
    assert file.describe() == {} and SitcomText.from_description(file.describe()) is None
    assert SitcomText.from_description(RECIPE.describe()) == RECIPE
    assert RECIPE.beginning(5) == whole_text(3, 5) and RECIPE.beginning(99) == TEXT
    assert len(set(small_fillers())) == len(small_fillers()) > 50


def make_run(root, name, tokenizer):
    return Run.create(
        root,
        name=name,
        model_config=GPTConfig.from_preset(
            "modern", vocab_size=320, block_size=16, n_layer=1, n_head=2, n_embd=16
        ),
        train_config=TrainConfig.from_preset(
            "modern", steps=10, batch_size=8, eval_interval=5, sample_interval=5, **SETTINGS
        ),
        tokenizer=tokenizer,
        text=TEXT,
        corpus_name="the sitcom",
        recipe=RECIPE,
    )


def test_a_folder_with_the_settings_old_names_goes_on_with_the_same_losses(tmp_path, pairs):
    new, old = make_run(tmp_path, "new", pairs), make_run(tmp_path, "old", pairs)
    assert train_run(new, Interruption()).state == "finished"
    stop = Interruption()
    train_run(old, stop, lambda record: record.step == 4 and stop.set("paused", "Paused."))
    config = json.loads((old.path / "config.json").read_text())
    names = {new: old for old, new in RENAMED.items()}
    config["train"] = {names.get(name, name): value for name, value in config["train"].items()}
    assert config["train"]["whole_scenes"] is True and config["train"]["filler_weight"] == 10.0
    (old.path / "config.json").write_text(json.dumps(config))
    (old.path / "corpus.txt").unlink()
    again = Run.open(old.path)
    assert again.train_config == new.train_config and again.recipe() == RECIPE
    assert train_run(again, Interruption()).state == "finished"
    losses = [[(r.step, r.loss, r.val_loss, r.sample) for r in run.metrics()] for run in (new, old)]
    assert losses[0] == losses[1] and len(losses[0]) == 15


def test_the_bundled_run_has_the_old_names_and_loads():
    config = json.loads((bundled_run_path() / "config.json").read_text())
    assert set(RENAMED) <= set(config["train"])
    run = Run.open(bundled_run_path())
    assert run.train_config.document_starts and run.train_config.rare_token_weight == 10.0
    assert run.recipe() == SitcomText(1, 200_000) and not run.has_text()
    assert run.load_model().config == run.model_config
