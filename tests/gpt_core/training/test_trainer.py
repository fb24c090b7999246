import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.settings import ConfigError
from gpt_core.training import data
from gpt_core.training.config import TrainConfig
from gpt_core.training.data import TokenData
from gpt_core.training.trainer import DivergedError, Trainer, choose_precision

V, T = 11, 8
# A text with a pattern to learn: each token is the last one plus one, now and then plus two.
STEPS = np.random.default_rng(0).choice([1, 1, 1, 2], size=3000)
TOKENS = (STEPS.cumsum() % V).astype(np.uint16)
TRAIN, VAL = data.split(TOKENS)


def make(model=None, weights=None, **train):
    torch.manual_seed(5)
    shape = {"vocab_size": V, "block_size": T, "n_layer": 2, "n_head": 2, "n_embd": 16}
    gpt = GPT(GPTConfig.from_dict(shape | (model or {})))
    settings = {"steps": 12, "batch_size": 4, "eval_interval": 4, "eval_batches": 2}
    config = TrainConfig(**settings | {"warmup_steps": 2} | train)
    return Trainer(gpt, TokenData(TRAIN, VAL, weights=weights), config)


def weighted(rare, weight, **train):
    weights = np.ones(V)
    weights[rare] = weight
    return make(weights=weights, **train)


def run(trainer):
    return [(r.step, r.loss, r.grad_norm, r.train_loss, r.val_loss) for r in trainer]


def test_it_learns_and_records_every_step():
    trainer = make(steps=150, learning_rate=1e-2, eval_interval=50)
    start = trainer.evaluate()
    records = list(trainer)
    assert [r.step for r in records] == list(range(1, 151))
    assert start["val_loss"] == pytest.approx(math.log(V), abs=0.1)
    # What can be known is 3/4 · ln(4/3) + 1/4 · ln 4 = 0.56 nats a token.
    assert 0.5 < records[-1].val_loss < 0.75
    assert [r.step for r in records if r.val_loss is not None] == [50, 100, 150]
    assert all(b.elapsed > a.elapsed for a, b in zip(records, records[1:], strict=False))
    assert records[-1].lr == pytest.approx(1e-3, rel=0.01)
    assert all(r.tokens_per_s > 0 and r.grad_norm > 0 for r in records)


@pytest.mark.parametrize(
    ("model", "train"),
    [
        ({}, {}),
        ({"dropout": 0.3}, {}),
        ({"norm": "batchnorm"}, {}),
        ({}, {"optimizer": "muon"}),
        ({"ngrams": 3, "ngram_rows": 40}, {"optimizer": "muon", "grad_accum": 2}),
        ({"dropout": 0.2, "norm": "batchnorm"}, {"optimizer": "muon", "grad_accum": 2}),
        ({}, {"precision": "bfloat16"}),
        ({}, {"deal": True}),
    ],
    ids=str,
)
def test_a_resumed_run_gives_the_same_bits(model, train):
    whole = make(model, **train)
    expected = run(whole)
    first = make(model, **train)
    begun = [next(first) for _ in range(5)]
    state = {name: tensor.clone() for name, tensor in first.state_dict().items()}
    second = make(model, **train)
    torch.manual_seed(999)  # whatever else drew random numbers meanwhile
    second.load_state_dict(state)
    assert second.elapsed == first.elapsed
    rest = run(second)
    assert [r.loss for r in begun] == [loss for _, loss, *_ in expected[:5]]
    assert rest == expected[5:]
    final = second.model.state_dict()
    assert all(torch.equal(a, final[name]) for name, a in whole.model.state_dict().items())


def test_dropout_masks_differ_from_step_to_step():
    trainer = make({"dropout": 0.5}, learning_rate=0.0, steps=3)
    trainer.batch = lambda split, step, seed=None: Trainer.batch(trainer, split, 0, seed)
    losses = [record.loss for record in trainer]
    assert len(set(losses)) == 3


@pytest.mark.parametrize("model", [{}, {"ngrams": 3, "ngram_rows": 40, "ngram_dropout": 0.0}])
def test_accumulating_gives_the_same_losses(model):
    whole, parts = run(make(model, batch_size=8)), run(make(model, batch_size=8, grad_accum=4))
    for a, b in zip(whole, parts, strict=True):
        assert a[1:3] == pytest.approx(b[1:3], rel=1e-4)


@pytest.mark.parametrize("weight", [5.0, 0.5, [2.0, 9.0]])
def test_rare_tokens_count_as_often_as_said(weight):
    rare = [3, 7]
    trainer = weighted(rare, weight, schedule="constant", warmup_steps=0)
    loss = trainer._gradients()
    plain = make()
    x, y = plain.batch("train", 0)
    logits, expected = plain.model(x, y)
    assert loss == pytest.approx(expected.item(), rel=1e-6)  # reported: every token once
    weights = torch.ones(V)
    weights[rare] = torch.tensor(weight)
    total = F.cross_entropy(logits.flatten(0, 1), y.flatten(), weight=weights, reduction="sum")
    mean = weights[torch.from_numpy(TRAIN.astype(int))].double().mean()  # over the text
    (total / y.numel() / mean).backward()
    for one, other in zip(trainer.params, plain.params, strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_rare_tokens_count_like_all_others_where_the_learning_rate_is_zero():
    settings = {"schedule": "linear", "min_lr_ratio": 0.0, "warmup_steps": 0, "steps": 4}
    trainer = weighted([3], 5.0, **settings)
    counted = []
    for _ in trainer:
        x, y = trainer.batch("train", trainer.step)
        loss, learned_from = trainer._loss(x, y)
        counted.append(abs(learned_from.item() - loss.item()) > 1e-6)
    assert counted == [True, True, True, False]


def test_accumulating_weighted_gradients_gives_the_same_losses():
    whole = run(weighted([3, 7], 5.0, batch_size=8))
    parts = run(weighted([3, 7], 5.0, batch_size=8, grad_accum=4))
    assert [r[1] for r in whole] == pytest.approx([r[1] for r in parts], rel=1e-5)


def test_evaluation_changes_nothing():
    often, never = make({"dropout": 0.1}, eval_interval=1), make({"dropout": 0.1}, eval_interval=99)
    assert [r.loss for r in often] == [r.loss for r in never]
    assert often.evaluate() == often.evaluate()


def test_runs_of_all_seeds_are_judged_on_the_same_text():
    first, other = make(seed=1, steps=50), make(seed=2, steps=50)
    other.model.load_state_dict(first.model.state_dict())
    assert other.evaluate() == first.evaluate()
    assert not torch.equal(first.batch("train", 0)[0], other.batch("train", 0)[0])


def test_evaluation_of_the_whole_split_by_hand():
    trainer = make(eval_batches=0)
    model = trainer.model.eval()
    total, count = 0.0, 0
    for start in range(0, len(VAL) - 1, T):
        piece = torch.from_numpy(VAL[start : start + T + 1].astype(np.int64))[None]
        total += model(piece[:, :-1], piece[:, 1:])[1].item() * (piece.shape[1] - 1)
        count += piece.shape[1] - 1
    assert count == len(VAL) - 1
    assert trainer.evaluate()["val_loss"] == pytest.approx(total / count, rel=1e-5)


def poison(trainer, name):
    dict(trainer.model.named_parameters())[name].data.view(-1)[0] = math.nan


@pytest.mark.parametrize(
    ("weight", "tensor"),
    [
        ("wte.weight", "is in embed;"),
        ("blocks.1.attn.qkv.weight", "is in blocks.1.q;"),
        ("blocks.0.mlp.down.bias", "is in blocks.0.mlp_out;"),
        ("norm_f.weight", "is in logits;"),
    ],
)
def test_a_diverged_run_names_the_first_tensor(weight, tensor):
    trainer = make({"tie_weights": False})
    next(trainer), next(trainer)
    if weight == "wte.weight":
        trainer.model.wte.weight.data[:] = math.inf
    else:
        poison(trainer, weight)
    with pytest.raises(DivergedError, match="diverged at step 3: .* " + tensor):
        next(trainer)
    assert trainer.step == 2


def test_a_gradient_that_overflows_is_named():
    trainer = make()
    trainer.model.wpe.weight.register_hook(lambda grad: grad * math.inf)
    with pytest.raises(DivergedError, match="is in the gradient of wpe.weight;"):
        next(trainer)


def test_masked_scores_are_no_divergence():
    trainer = make()
    trainer.model.norm_f.weight.register_hook(lambda grad: grad * math.nan)
    with pytest.raises(DivergedError, match="the gradient of norm_f.weight"):
        next(trainer)


def test_a_huge_learning_rate_diverges_without_bad_weights_in_the_state():
    trainer = make(learning_rate=99.0, warmup_steps=0, steps=3000, schedule="constant")
    trainer.optimizer.rules["matrices"].learning_rate = 1e30
    with pytest.raises(DivergedError, match="diverged at step"):
        list(trainer)
    good = make()
    poison(good, "blocks.0.mlp.up.weight")
    with pytest.raises(DivergedError, match="the weights in blocks.0.mlp.up.weight"):
        good.state_dict()


def test_a_batch_must_split_evenly_and_a_text_must_be_long_enough():
    with pytest.raises(ConfigError, match="the batch must split into equal parts"):
        TrainConfig(batch_size=6, grad_accum=4)
    with pytest.raises(ConfigError, match="deal and document_starts exclude each other"):
        TrainConfig(deal=True, document_starts=True)
    with pytest.raises(data.DataError):
        Trainer(make().model, TokenData(TRAIN, VAL[:T]), TrainConfig())


def test_presets():
    classic = TrainConfig.from_preset("classic")  # nanoGPT's settings for a CPU
    assert (classic.steps, classic.batch_size, classic.learning_rate) == (2000, 12, 1e-3)
    assert (classic.beta1, classic.beta2, classic.weight_decay) == (0.9, 0.99, 0.1)
    assert (classic.warmup_steps, classic.min_lr_ratio, classic.grad_clip) == (100, 0.1, 1.0)
    assert (classic.optimizer, classic.schedule) == ("adamw", "cosine")
    modern = TrainConfig.from_preset("modern", steps=7)
    assert (modern.optimizer, modern.schedule, modern.steps) == ("muon", "linear", 7)
    for name in ("classic", "modern", "notebook"):
        config = TrainConfig.from_preset(name)
        assert TrainConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"steps": 0}, "steps is 0; it must be between 1 and 1,000,000."),
        ({"learning_rate": -1}, "learning_rate is -1; it must be between 0.0 and 100.0."),
        ({"learning_rate": float("nan")}, "learning_rate is nan; it must be between"),
        ({"optimizer": "sgd"}, "optimizer is 'sgd'; choose one of adamw, muon."),
        ({"compile": "yes"}, "compile is 'yes'; it must be true or false."),
        ({"stepz": 5}, "Unknown setting 'stepz'"),
    ],
)
def test_a_wrong_setting_gets_one_sentence(settings, words):
    with pytest.raises(ConfigError) as error:
        TrainConfig.from_dict(settings)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


json_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@given(st.dictionaries(st.sampled_from([*TrainConfig().to_dict(), "x"]), json_values, max_size=5))
def test_any_json_gives_a_config_or_a_config_error(settings):
    try:
        config = TrainConfig.from_dict(settings)
    except ConfigError:
        return
    assert config.batch_size % config.grad_accum == 0


def test_precision():
    cpu = torch.device("cpu")
    assert choose_precision("bfloat16", 16, cpu) == torch.bfloat16
    assert choose_precision("float32", 4096, cpu) == torch.float32
    assert choose_precision("auto", 64, cpu) == torch.float32


def test_bfloat16_learns_too():
    precise, short = run(make(steps=30)), run(make(steps=30, precision="bfloat16"))
    assert short[-1][1] == pytest.approx(precise[-1][1], abs=0.05)
