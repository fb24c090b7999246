from pathlib import Path

import pytest

from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import find_hook_points
from tests.helpers import app_at, sent
from ui.components.block_diagram import MOST_LAYERS, hidden_layers, parts

DESIGNS = [
    {},
    {"norm_position": "post"},
    {"norm": "none", "position": "rope"},
    {"norm": "rmsnorm", "activation": "swiglu", "n_layer": 1, "n_head": 1},
    {"n_layer": 12, "norm": "batchnorm", "norm_position": "post", "position": "sinusoidal"},
]


def design(**choices):
    return GPTConfig(100, **({"n_layer": 2, "n_head": 2, "n_embd": 32} | choices))


def test_runs_of_tokens_are_said_where_the_design_has_them():
    said = [parts(design(ngrams=longest))[1].sentence for longest in (0, 4)]
    assert "run" not in said[0] and "each run of 2 to 4 tokens" in said[1]


def named(config, ending):
    return [part.name for part in parts(config) if part.name.endswith(ending)]


@pytest.mark.parametrize("choices", DESIGNS, ids=str)
def test_parts_run_in_the_order_in_which_the_model_runs_them(choices):
    import torch

    model = GPT(design(**choices)).eval()
    modules, ran = dict(model.named_modules()), []
    paths = {"embed": "wte", "logits": "lm_head", "attn_out": "attn", "mlp_out": "mlp"}
    expected = []
    for part in parts(model.config)[1:]:
        *block, tensor = part.name.split(".")
        expected.append(path := ".".join([*block, paths.get(tensor, tensor)]))
        modules[path].register_forward_hook(lambda *_, path=path: ran.append(path))
    with torch.no_grad():
        model(torch.tensor([[1, 2, 3]]))
    assert ran == expected


@pytest.mark.parametrize("choices", DESIGNS, ids=str)
def test_what_adds_is_a_tensor_that_can_be_recorded(choices):
    config = design(**choices)
    adds = [part.name for part in parts(config) if part.adds]
    assert len(adds) == 2 * config.n_layer
    assert set(adds) <= set(find_hook_points(GPT(config)))


def test_norms_are_drawn_where_they_are():
    pre, post = parts(design()), parts(design(norm_position="post"))
    assert [p.branch for p in pre if p.kind == "norm"] == [True] * 4 + [False]
    assert [p.branch for p in post if p.kind == "norm"] == [False] * 4
    assert not [p for p in parts(design(norm="none")) if p.kind == "norm"]


def test_details_are_the_sizes_of_the_weights():
    config = design(n_embd=48, activation="swiglu")
    detail = {part.kind: part.detail for part in parts(config)}
    hidden = GPT(config).blocks[0].mlp.up.weight.shape[0]
    assert detail["mlp"] == f"48 → {hidden} → 48"
    assert detail["attention"] == "2 heads"
    assert detail["embed"] == "100 × 48"


@pytest.mark.parametrize(
    ("layers", "highlight", "hidden"),
    [
        (MOST_LAYERS, None, []),
        (12, None, list(range(2, 11))),
        (12, "blocks.5.mlp_out", [2, 3, 4, 6, 7, 8, 9, 10]),
        (12, "blocks.3.mlp_out", [4, 5, 6, 7, 8, 9, 10]),
        (12, "logits", list(range(2, 11))),
    ],
)
def test_many_layers_leave_room_for_the_one_that_stands_out(layers, highlight, hidden):
    assert hidden_layers(design(n_layer=layers), highlight) == hidden


def test_links_lead_only_to_lessons_that_there_are(open_home):
    pages = open_home()["pages"]
    assert {"attention", "norm", "unembed", "tokens"} <= set(pages)
    for page in pages.values():
        assert (Path("pages") / page["file"] / "page.py").is_file()
        assert page["title"]


@pytest.fixture
def open_home(tmp_path, monkeypatch):
    """The diagram's data as the first page sends it."""
    monkeypatch.setenv("GPT_RUNS", str(tmp_path))

    def open_():
        app = app_at("home")
        app.run()
        assert not app.exception
        return sent(app, "block_diagram")

    return open_
