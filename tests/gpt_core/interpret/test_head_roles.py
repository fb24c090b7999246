"""Roles are found where they were built in by hand, and not where there are none."""

import math

import pytest
import torch

from corpus.sitcom import SEPARATOR, generate
from corpus.sitcom.mentions import mentions, thing_of, turns
from gpt_core.bundled import bundled_run_path
from gpt_core.interpret.head_roles import (
    NEAR,
    ROLES,
    Marked,
    clear_roles,
    gather,
    mark,
    patterns_of,
    score_text,
    shuffled,
    targets,
)
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.training.run import Run

V, T, D = 16, 32, 40  # tokens, context, width of a head
TOKEN, PLACE, BEFORE, SAID = 0, V, V + T, 2 * V + T  # parts of the stream: first channel of each
SCENE = """\
INT. THE SPIN CYCLE - NIGHT

(A red bucket stands here.)

OTTO: Who left the red bucket here?

NADIA: Gus did.
"""


def planted():
    """Two layers of two heads; layer 0 head 1 looks one back, layer 1 head 0 is an induction head.

    The stream holds one-hot: the token, its place, the token before it, and the answer. The two
    other heads have weights of zero, so they look everywhere alike.
    """
    config = GPTConfig(
        vocab_size=V, block_size=T, n_layer=2, n_head=2, n_embd=2 * D, bias=False, norm="none",
        activation="relu", tie_weights=False,
    )  # fmt: skip
    model = GPT(config).eval()
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    one = torch.eye(V)
    with torch.no_grad():
        model.wte.weight[:, TOKEN : TOKEN + V] = one
        model.wpe.weight[:, PLACE : PLACE + T] = torch.eye(T)
        model.lm_head.weight[:, SAID : SAID + V] = 20 * one
        # q = my place; k = the place after mine; v = my token, written as "the token before".
        q, k, v, out = head(model, 0, 1)
        q[:T, PLACE : PLACE + T] = 100 * torch.eye(T)
        k[1:T, PLACE : PLACE + T - 1] = torch.eye(T - 1)
        v[:V, TOKEN : TOKEN + V] = one
        out[BEFORE : BEFORE + V, :V] = one
        # q = my token; k = the token before; v = my token, written as the answer.
        q, k, v, out = head(model, 1, 0)
        q[:V, TOKEN : TOKEN + V] = 100 * one
        k[:V, BEFORE : BEFORE + V] = one
        v[:V, TOKEN : TOKEN + V] = one
        out[SAID : SAID + V, :V] = one
    return model


def head(model, layer, number):
    """Views of one head's weights: q, k, v, each (D, C), and the output's columns (C, D)."""
    attention = model.blocks[layer].attn
    rows = slice(number * D, (number + 1) * D)
    q, k, v = (part[rows] for part in attention.qkv.weight.chunk(3))
    return q, k, v, attention.proj.weight[:, rows]


def repeated(seed, n=T // 2):
    once = torch.randperm(V, generator=torch.Generator().manual_seed(seed))[:n].tolist()
    return once + once


def test_planted_heads_are_found_and_the_others_have_no_clear_pattern():
    model = planted()
    draw = torch.Generator().manual_seed(0)
    texts = [Marked(tuple(torch.randint(V, (T,), generator=draw).tolist())) for _ in range(12)]
    scores = gather([score_text(patterns_of(model, t.ids), t) for t in texts])
    assert clear_roles(scores, (0, 1)) == ["previous token"]
    assert clear_roles(scores, (1, 0)) == ["after copies"]
    assert clear_roles(scores, (0, 0)) == clear_roles(scores, (1, 1)) == []
    assert scores["previous token"].share[0, 1] > 0.99
    assert scores["after copies"].share[1, 0] > 0.9


def test_one_distance_alone_cannot_tell_what_a_head_goes_by():
    model = planted()
    texts = [Marked(tuple(repeated(seed))) for seed in range(10)]  # copies always 16 tokens back
    scores = gather([score_text(patterns_of(model, t.ids), t) for t in texts])
    assert scores["after copies"].share[1, 0] > 0.95
    assert clear_roles(scores, (1, 0)) == []


def test_the_planted_model_really_copies():
    ids = torch.tensor([repeated(3)])
    logits, _ = planted()(ids)
    second = slice(T // 2 + 1, T - 1)  # the first token is "the token before" itself, too
    assert torch.equal(logits[0, second].argmax(-1), ids[0, T // 2 + 2 :])


@pytest.mark.parametrize(
    "role, look",
    [("first token", lambda i, j: j == 0), ("itself", lambda i, j: j == i)],
    ids=["first token", "itself"],
)
def test_roles_of_place_are_found_in_patterns_drawn_by_hand(role, look):
    T = 20
    pattern = torch.tensor([[float(look(i, j)) for j in range(T)] for i in range(T)])[None, None]
    texts = [Marked(tuple(torch.randint(9, (T,)).tolist())) for _ in range(8)]
    scores = gather([score_text(pattern, text) for text in texts])
    assert clear_roles(scores, (0, 0)) == [role]


def roles_by_distance(scores_of):
    """The clear roles of a head whose scores before softmax depend on nothing but distance."""
    T = 60
    distance = (torch.arange(T)[:, None] - torch.arange(T)[None]).float()
    scores = scores_of(distance.clamp(min=0)).masked_fill(distance < 0, -torch.inf)
    pattern = scores.softmax(-1)[None, None]
    draw = torch.Generator().manual_seed(0)
    texts = [Marked(tuple(torch.randint(12, (T,), generator=draw).tolist())) for _ in range(20)]
    return clear_roles(gather([score_text(pattern, text) for text in texts]), (0, 0))


FADING = {
    "halved at every step back": lambda d: -d * math.log(2),
    "steeper": lambda d: -d / 1.2,
    "slower": lambda d: -d / 6,
    "slow": lambda d: -d / 30,
    "like 1 / distance": lambda d: -(1 + d).log(),
}


@pytest.mark.parametrize("scores_of", FADING.values(), ids=FADING)
def test_attention_that_merely_fades_with_distance_is_no_role(scores_of):
    assert roles_by_distance(scores_of) == []


def test_a_head_may_have_two_roles_and_a_peak_is_no_fading():
    assert roles_by_distance(lambda d: 4.0 * (d == 1)) == ["previous token"]
    assert roles_by_distance(lambda d: 4.0 * (d == 0)) == ["itself"]
    assert roles_by_distance(lambda d: 4.0 * (d <= 1)) == ["previous token", "itself"]
    # Sharp, but not only there: what is left fades steeply.
    assert roles_by_distance(lambda d: -3 * (d - 1).abs()) == ["previous token"]


def test_shuffled_targets_do_not_control_the_kind_of_word():
    """A head prefers tokens 0 to 3, which come after copies unusually often: it passes."""
    draw, T = torch.Generator().manual_seed(0), 60
    scores, texts = [], []
    for _ in range(12):
        ids = torch.randint(4, 200, (T,), generator=draw)
        often = 2 * torch.randperm(T // 2, generator=draw)[:10]
        ids[often] = 4  # a token that comes often …
        ids[often + 1] = torch.randint(4, (10,), generator=draw)  # … and what follows it
        texts.append(Marked(tuple(ids.tolist())))
        liked = 4.0 * (ids < 4).float().expand(T, T)
        later = torch.ones(T, T, dtype=torch.bool).triu(1)
        pattern = liked.masked_fill(later, -torch.inf).softmax(-1)[None, None]
        scores.append(score_text(pattern, texts[-1]))
    assert "after copies" in clear_roles(gather(scores), (0, 0))


def test_random_patterns_have_no_clear_role():
    draw = torch.Generator().manual_seed(0)
    texts = [Marked(tuple(torch.randint(12, (40,), generator=draw).tolist())) for _ in range(20)]
    found = []
    for text in texts:
        raw = torch.randn(6, 6, 40, 40, generator=draw) * 3
        later = torch.ones(40, 40, dtype=torch.bool).triu(1)
        found.append(score_text(raw.masked_fill(later, -torch.inf).softmax(-1), text))
    scores = gather(found)
    assert not any(role.clear().any() for role in scores.values())
    assert all(role.excess.mean() < 0.01 for role in scores.values())
    shuffled_ones = [role for name, role in scores.items() if name not in NEAR]
    assert all(role.excess.mean() > -0.01 for role in shuffled_ones)


def test_chance_is_what_shuffling_many_times_gives():
    draw = torch.Generator().manual_seed(1)
    text = Marked(tuple(torch.randint(6, (24,), generator=draw).tolist()))
    where = targets(text)["same token"]
    pattern = torch.rand(24, 24, generator=draw).tril()
    rows, columns = where.nonzero(as_tuple=True)
    distances, total, times = rows - columns, 0.0, 400
    for _ in range(times):
        for row in rows.tolist():  # each target's distance drawn anew from those that fit
            fits = distances[distances <= row]
            chosen = fits[torch.randint(len(fits), (1,), generator=draw)]
            total += pattern[row, row - chosen].item() / times
    assert (shuffled(where, "same token", True) * pattern).sum().item() == pytest.approx(
        total, rel=0.02
    )


def test_targets_are_where_the_rules_say():
    found = targets(Marked((5, 7, 5, 5, 7)))
    pairs = {name: [tuple(p) for p in where.nonzero().tolist()] for name, where in found.items()}
    assert pairs["previous token"] == [(3, 2), (4, 3)]
    assert pairs["itself"] == [(3, 3), (4, 4)]
    assert pairs["first token"] == [(2, 0), (3, 0), (4, 0)]
    assert pairs["same token"] == [(2, 0), (3, 0), (3, 2), (4, 1)]
    assert pairs["after copies"] == [(2, 1), (3, 1), (4, 2)]  # never the token itself
    assert pairs["speaker"] == pairs["object"] == []


def test_speakers_and_the_thing_are_found_in_a_text():
    assert [SCENE[slice(*turn.name)] for turn in turns(SCENE)] == ["OTTO", "NADIA"]
    assert [SCENE[slice(*turn.words)] for turn in turns(SCENE)] == [
        "Who left the red bucket here?",
        "Gus did.",
    ]
    assert thing_of(SCENE) == "red bucket"
    assert [SCENE[slice(*span)] for span in mentions(SCENE, "red bucket")] == ["red bucket"] * 2
    assert thing_of("OTTO: A red bucket.") is None  # named once: nothing to look back to


def test_the_thing_is_the_one_that_the_generator_had_in_mind():
    scenes = list(generate(7, 100, held_out=True))
    assert sum(thing_of(scene.text) == scene.slots["thing"] for scene in scenes) >= 99


@pytest.mark.parametrize("first", [0, 30])
def test_marks_name_the_tokens_of_names_words_and_mentions(first):
    tokenizer = Run.open(bundled_run_path()).tokenizer()
    tokens = tokenizer.tokenize(SEPARATOR + SCENE)[first:]
    text = mark(tokens, SEPARATOR + SCENE)
    shown = lambda places: "".join(tokens[i].text for i in places)  # noqa: E731
    if first == 0:
        assert [shown(name) for name, _ in text.turns] == ["OTTO", "NADIA"]
        assert [shown(mention) for mention in text.mentions] == [" red bucket"] * 2
    else:
        assert [shown(name) for name, _ in text.turns] == ["NADIA"]
        assert text.mentions == ()
    assert shown(text.turns[-1][1]).strip() == "Gus did."
    found = targets(text)
    assert set(found) == set(ROLES)
    assert found["speaker"].any()
    assert found["object"].any() == (first == 0)


def test_too_few_texts_are_not_judged():
    text = Marked((1, 2, 1, 2, 1))
    pattern = torch.eye(5)[None, None]
    assert gather([score_text(pattern, text)] * 7) == {}
    assert set(gather([score_text(pattern, text)] * 8)) == {
        "previous token", "first token", "itself", "same token", "after copies",
    }  # fmt: skip
