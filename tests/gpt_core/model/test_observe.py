import copy
import math
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import torch
from torch import nn

from benchmarks.observe import without_hook_points
from gpt_core.model.observe import (
    find_hook_points,
    intervene,
    record,
    replace,
    scale,
    zero,
    zero_heads,
)
from gpt_core.model.recording import run
from tests.helpers import tiny_model

V, T, C, H, L = 23, 12, 32, 4, 2
D = C // H
IDX = torch.randint(V, (2, T), generator=torch.Generator().manual_seed(1))


@pytest.fixture
def model():
    return tiny_model(std=0.2, vocab_size=V, block_size=T, n_layer=L, n_head=H, n_embd=C)


def hooks(model):
    return sum(len(point._forward_hooks) for point in find_hook_points(model).values())


def test_every_name_of_the_house_is_there_with_its_shape(model):
    with record(model) as tensors:
        model(IDX)
    stream, heads, square = (2, T, C), (2, H, T, D), (2, H, T, T)
    expected = {"embed": stream, "pos_embed": (T, C), "logits": (2, T, V)}
    expected |= {"norm_f.scale": (2, T, 1), "norm_f.normalized": stream}
    for i in range(L):
        streams = ("resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out")
        names = dict.fromkeys(streams, stream)
        names |= dict.fromkeys("qkvz", heads) | dict.fromkeys(("scores", "pattern"), square)
        names |= {"mlp_pre": (2, T, 4 * C), "mlp_post": (2, T, 4 * C)}
        for norm in ("norm1", "norm2"):
            names |= {f"{norm}.scale": (2, T, 1), f"{norm}.normalized": stream}
        expected |= {f"blocks.{i}.{name}": shape for name, shape in names.items()}
    assert {name: tuple(tensor.shape) for name, tensor in tensors.items()} == expected


def test_recorded_tensors_obey_the_equations(model):
    with record(model) as t:
        model(IDX)
    for i in range(L):
        b = {n.removeprefix(f"blocks.{i}."): x for n, x in t.items() if n.startswith(f"blocks.{i}")}
        torch.testing.assert_close(b["resid_mid"], b["resid_pre"] + b["attn_out"])
        torch.testing.assert_close(b["resid_post"], b["resid_mid"] + b["mlp_out"])
        raw = b["q"] @ b["k"].transpose(-1, -2) / math.sqrt(D)
        later = torch.ones(T, T).triu(1).bool()
        assert (b["scores"][..., later] == -math.inf).all()
        torch.testing.assert_close(b["scores"][..., ~later], raw[..., ~later])
        torch.testing.assert_close(b["pattern"].sum(-1), torch.ones(2, H, T))
        assert (b["pattern"][..., later] == 0).all()
        torch.testing.assert_close(b["z"], b["pattern"] @ b["v"])
    torch.testing.assert_close(t["blocks.0.resid_pre"], t["embed"] + t["pos_embed"])


def test_globs_and_typing_slips(model):
    with record(model, "blocks.*.pattern") as tensors:
        model(IDX)
    assert list(tensors) == ["blocks.0.pattern", "blocks.1.pattern"]
    with record(model, "blocks.1.q", "logits") as tensors:
        logits, _ = model(IDX)
    assert set(tensors) == {"blocks.1.q", "logits"}
    assert torch.equal(tensors["logits"], logits.detach())
    with (
        pytest.raises(KeyError, match="No tensor is called 'blocks.7.q'"),
        record(model, "blocks.7.q"),
    ):
        pass


def test_watching_changes_nothing_and_leaves_nothing(model):
    before, _ = model(IDX)
    with record(model):
        during, _ = model(IDX)
    after, _ = model(IDX)
    torch.testing.assert_close(before, during, atol=1e-4, rtol=1e-3)
    assert torch.equal(before, after)
    assert hooks(model) == 0


def test_a_copy_is_watched_by_itself(model):
    twin = copy.deepcopy(model)
    for point, other in zip(
        find_hook_points(model).values(), find_hook_points(twin).values(), strict=True
    ):
        assert point is not other
    with intervene(model, {"embed": zero}), record(model) as tensors, record(twin) as others:
        logits, _ = model(IDX)
        untouched, _ = twin(IDX)
    assert tensors.keys() == others.keys()
    assert not tensors["embed"].any() and others["embed"].any()
    assert torch.equal(others["logits"], untouched) and not torch.equal(logits, untouched)


def test_a_model_without_hook_points_computes_the_same(model):
    bare = without_hook_points(model)
    assert not find_hook_points(bare) and find_hook_points(model)
    assert torch.equal(bare(IDX)[0], model(IDX)[0])


def test_a_zeroed_head_equals_zeroed_weights(model):
    with intervene(model, {"blocks.1.z": zero_heads(0, 2)}):
        logits, _ = model(IDX)
    for head in (0, 2):
        model.blocks[1].attn.proj.weight.data[:, head * D : (head + 1) * D] = 0
    torch.testing.assert_close(logits, model(IDX)[0])


def test_a_removed_mlp_equals_zeroed_weights(model):
    with intervene(model, {"blocks.0.mlp_out": zero}):
        logits, _ = model(IDX)
    nn.init.zeros_(model.blocks[0].mlp.down.weight)
    nn.init.zeros_(model.blocks[0].mlp.down.bias)
    torch.testing.assert_close(logits, model(IDX)[0])


def test_a_replaced_pattern_is_what_values_are_mixed_by(model):
    uniform = torch.ones(T, T).tril() / torch.arange(1, T + 1)[:, None]
    with (
        intervene(model, {"blocks.0.pattern": replace(uniform)}),
        record(model, "blocks.0.v", "blocks.0.z") as tensors,
    ):
        model(IDX)
    mean = tensors["blocks.0.v"].cumsum(2) / torch.arange(1, T + 1)[:, None]
    torch.testing.assert_close(tensors["blocks.0.z"], mean)


def test_a_scaled_stream_does_not_change_what_layernorm_gives(model):
    outputs = []
    for by in (1.0, 100.0):
        with (
            intervene(model, {"blocks.0.resid_pre": scale(by)}),
            record(model, "blocks.0.norm1.normalized", "blocks.0.resid_pre") as tensors,
        ):
            model(IDX)
        outputs.append(tensors)
    one, hundred = outputs
    torch.testing.assert_close(hundred["blocks.0.resid_pre"], 100 * one["blocks.0.resid_pre"])
    torch.testing.assert_close(
        one["blocks.0.norm1.normalized"], hundred["blocks.0.norm1.normalized"], atol=1e-3, rtol=0
    )


def test_interventions_nest_and_globs_change_all(model):
    with (
        intervene(model, {"blocks.*.mlp_out": zero}),
        intervene(model, {"blocks.*.attn_out": zero}),
        record(model, "blocks.*.resid_p*") as tensors,
    ):
        model(IDX)
    assert torch.equal(tensors["blocks.0.resid_pre"], tensors["blocks.1.resid_post"])


def test_a_change_must_keep_the_shape(model):
    with (
        pytest.raises(ValueError, match="change of blocks.0.v turned shape"),
        intervene(model, {"blocks.0.v": lambda v: v[:1]}),
    ):
        model(IDX)
    assert hooks(model) == 0


def test_hooks_go_when_something_fails(model):
    def fail(x):
        raise RuntimeError("on purpose")

    with (
        pytest.raises(RuntimeError, match="on purpose"),
        record(model),
        intervene(model, {"logits": fail}),
    ):
        model(IDX)
    assert hooks(model) == 0
    with (
        pytest.raises(KeyError),
        intervene(model, {"blocks.0.v": zero, "no such thing": zero}),
    ):
        pass
    assert hooks(model) == 0


def test_threads_that_share_a_model_do_not_see_each_other(model):
    """Thirty visitors look at one model: another's text or removed head must not show in mine."""
    other = torch.randint(V, (1, T - 3), generator=torch.Generator().manual_seed(2))
    expected = model(IDX)[0]
    inside, done = Event(), Event()

    def meddle():
        with intervene(model, {"blocks.*.z": zero}), record(model, "logits"):
            inside.set()
            done.wait(10)

    def race():
        for _ in range(30):
            with record(model) as mine, intervene(model, {"blocks.0.z": zero_heads(0)}):
                model(other)
            assert mine["logits"].shape[1] == T - 3

    with ThreadPoolExecutor() as threads:
        meddler = threads.submit(meddle)
        assert inside.wait(10)
        torch.testing.assert_close(model(IDX)[0], expected)
        done.set()
        meddler.result()
        racers = [threads.submit(race) for _ in range(2)]
        for _ in range(60):
            with record(model, "logits") as mine:
                model(IDX)
            torch.testing.assert_close(mine["logits"], expected)
        for racer in racers:
            racer.result()
    assert hooks(model) == 0


def test_gradients_flow_through_an_intervention(model):
    with intervene(model, {"blocks.0.z": zero_heads(1)}):
        model(IDX, IDX)[1].backward()
    gradient = model.blocks[0].attn.proj.weight.grad
    assert (gradient[:, D : 2 * D] == 0).all()
    assert (gradient[:, :D] != 0).any()


def test_a_recording_holds_one_text_without_its_batch_dimension():
    model, ids = tiny_model(), [3, 1, 4, 1]
    seen = run(model, ids, "embed", "pos_embed", "blocks.*.pattern", "*.scale", "*.resid_*")
    with record(model) as tensors, torch.no_grad():
        logits, loss = model(torch.tensor([ids]), torch.tensor([[1, 4, 1, -1]]))
    torch.testing.assert_close(seen.logits, logits[0])
    torch.testing.assert_close(seen["embed"], tensors["embed"][0])
    torch.testing.assert_close(seen["pos_embed"], tensors["pos_embed"])
    both = torch.cat([tensors["blocks.0.pattern"], tensors["blocks.1.pattern"]])
    torch.testing.assert_close(seen.layers("pattern"), both)
    scales = [{n for n in kept if n.endswith(".scale")} for kept in (seen.tensors, tensors)]
    assert scales[0] == scales[1] != set()
    stream = [tensors[f"blocks.{name}"] for name in ("0.resid_pre", "1.resid_pre", "1.resid_post")]
    torch.testing.assert_close(seen.stream, torch.cat(stream))
    by_hand = -logits[0, :3].log_softmax(-1)[range(3), ids[1:]].mean().item()
    assert seen.loss == pytest.approx(by_hand, abs=1e-6)


def test_a_pass_that_nobody_watches_keeps_the_logits_alone():
    model = tiny_model(position="rope")
    seen = run(model, [3])
    assert (seen.tensors, seen.loss, seen.logits.shape) == ({}, None, (1, 11))
    assert run(model, [3], "pos_embed").tensors == {}  # it has no such table
    with pytest.raises(KeyError, match="nothing"):
        run(model, [3], "nothing")


def test_a_text_runs_where_its_model_is():
    assert run(tiny_model().to("meta"), [3, 1]).logits.device.type == "meta"
