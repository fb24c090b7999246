import json
import struct
from dataclasses import replace

import numpy as np
import torch

from gpt_core.interpret.head_roles import RoleScores
from gpt_core.interpret.snapshots import Copying, Fall, Snapshot, SnapshotView
from gpt_core.model.config import GPTConfig
from gpt_core.tokenizers import CharTokenizer
from pages.head_born.words import LATE, LATER, NEVER, answer, births, copied, restless, said, told
from ui.components.film import Stage, pack_film

TOKENIZER = CharTokenizer.train("ab")
A, B = TOKENIZER.encode("ab")
FALL = Fall([0, 100, 400], [8.0, 4.0, 2.0])


def scores(clear_head=None, share=0.6):
    """Scores of 2 × 2 heads, of which at most one is clear."""
    shares = torch.full((2, 2), 0.1)
    if clear_head:
        shares[clear_head] = share
    return RoleScores(shares, torch.full((2, 2), 0.1), torch.where(shares > 0.2, 20.0, 0.0), 10)


def view(step, previous=None, turned=None):
    """A snapshot: all heads look at themselves, one of them (turned) at the first token."""
    pattern = np.tile(np.eye(3, dtype=np.float16), (2, 2, 1, 1))
    if turned:
        pattern[turned] = [[1, 0, 0], [1, 0, 0], [1, 0, 0]]
    roles = {"previous token": scores(previous), "after copies": scores()}
    snapshot = Snapshot(step, False, "x")
    return SnapshotView(snapshot, pattern, (1.0,), (1.0,), ((A, 0.5), (B, 0.25), (B, 0.75)), roles)


RUN = [view(0), view(100), view(200, (1, 0), (0, 1)), view(400, (1, 0), (0, 1))]


def test_a_birth_is_the_first_clear_snapshot():
    previous, after = births(RUN, FALL)
    assert (previous.step, previous.before, previous.head) == (200, 100, (1, 0))
    assert abs(previous.fallen - (8 - 4 + 2 / 3) / 6) < 1e-6
    assert previous.lasts
    assert (after.step, after.head) == (None, None)
    assert told([previous, after]).splitlines() == [
        "- **previous token**: first clear at step 200, when 78% of the total drop in loss had "
        "happened. Layer 1, head 0: 60% of its attention, chance 10%; some head has it to the end.",
        "- No head took this role in this run: *after copies*",
    ]


def test_births_of_a_run_that_goes_on_are_told_as_far_as_they_are_known():
    previous, after = told(births(RUN, FALL), so_far=True).splitlines()
    assert "78% of the total drop in loss so far had" in previous
    assert "in the last snapshot seen some head has it" in previous and "to the end" not in previous
    assert after == "- No head took this role in this run so far: *after copies*"


def test_the_answer_compares_with_what_happened():
    previous, after = births(RUN, FALL)
    said_so = answer(LATER, previous, RUN, FALL, so_far=False).text
    assert said_so.startswith("✓ **Right.** Layer 1, head 0 is the first: at step 200")
    assert "between steps 100 and 200" in said_so
    assert "**78%** of the total drop in loss has happened" in said_so
    assert "fell most between steps 0 and 100" in said_so
    assert answer(LATE, previous, RUN, FALL, so_far=False).right is False
    said_so = answer(NEVER, after, RUN, FALL, so_far=True).text
    assert said_so.startswith("✓ **Right.** No head took this role in this run so far.")


def test_what_is_random_at_first_is_said_of_each_design():
    first = "Before the first step: the matrices are random numbers."
    assert said(None, RUN[0], GPTConfig(2)) == first
    copy = said(None, RUN[0], GPTConfig(2, residual_init="copy"))
    assert "where heads look is random" in copy and "what they copy is built in" in copy
    assert "what they add is 0" in said(None, RUN[0], GPTConfig(2, residual_init="zero"))
    assert said(None, RUN[1], GPTConfig(2)) == "The first snapshot that was kept."
    tuned = said(None, RUN[0], GPTConfig(2), "My model")
    assert tuned == "The weights of “My model”, from which it goes on."


GUESSING = 20.0  # bits, more than any copy of a test costs


def _copied(views):
    return copied(views, GUESSING)


def after_test(view, first=10.0, second=10.0, head=None, share=0.8):
    shares = np.full((2, 2), 0.02)
    if head:
        shares[head] = share
    return replace(view, copying=Copying(first, second, shares, shares > 0.5))


def test_a_model_that_copies_is_told_from_one_that_only_looks_and_from_one_that_does_neither():
    nothing = [after_test(each) for each in RUN]
    assert _copied(nothing).startswith("**No induction head in this run.**")
    assert "the most is 2%" in _copied(nothing)

    looks = [*nothing[:3], after_test(RUN[3], head=(1, 1))]
    text = _copied(looks)
    assert text.startswith("**Layer 1, head 1** is the first to pass the copy test, at step 400")
    assert "has not (yet) become copying" in text

    copies = [*nothing[:3], after_test(RUN[3], second=5.0, head=(1, 1))]
    text = _copied(copies)
    assert "costs 7.2 bits per token there, the first 14.4: copying saves 7.2 of them." in text

    lost = [*nothing[:2], after_test(RUN[2], second=5.0, head=(1, 1)), nothing[3]]
    assert "no head passes any more" in _copied(lost)


def test_the_helper_came_first_only_if_it_did():
    def told_of(*views):
        first = [after_test(each) for each in views[:-1]]
        return _copied([*first, after_test(views[-1], second=5.0, head=(1, 1))])

    start = [view(step) for step in (0, 100)]
    earlier = told_of(*start, view(200, (0, 0)), view(400, (0, 0)))
    assert "came first: layer 0, head 0, clear since step 200" in earlier
    same_layer = told_of(*start, view(200, (1, 0)), view(400, (1, 0)))
    assert "came first" not in same_layer and "is layer 1, head 0, since step 200" in same_layer
    # A head of the same layer was clear before it: that is not the helper.
    both = told_of(*start, view(200, (1, 0)), view(300, (0, 1)), view(400, (0, 1)))
    assert "came first: layer 0, head 1, clear since step 300" in both
    assert "No head was seen before it" in told_of(*(view(each.step) for each in RUN))


def test_a_role_that_is_lost_again_is_told_so():
    run = [*RUN, view(500)]
    previous, _ = births(run, FALL)
    assert not previous.lasts
    assert "lost again" in answer(LATER, previous, run, FALL, so_far=False).why


def test_what_changed_most_is_found():
    assert said(RUN[1], RUN[2], GPTConfig(2)) == (
        "Since step 100 layer 0, head 1 has changed most: it moved 100% of its attention."
    )
    assert "from step 100 to 200, **layer 0, head 1** moved 100%" in restless(RUN)
    assert restless(RUN[:1]) == ""


def packed(show_roles):
    """The header and the weights of a film of two snapshots; only the second has written yet."""
    pattern = np.tril(np.full((2, 2, 3, 3), 0.5, dtype=np.float16))
    views = [
        replace(view(1), pattern=pattern),
        replace(
            view(2, (1, 0)), pattern=pattern * 2, spread=(2.0,), gain=None, continuation=(B, A)
        ),
    ]
    stage = Stage(
        *("abc", "abc", True, [(0, 8.0)], [(0, 8.0)], ["first", "second"], [2.0, None]),
        *(["last"], "t", "w", show_roles, "r"),
    )
    message = pack_film("n", stage, views, TOKENIZER, 2, (1, 0), True)
    (length,) = struct.unpack("<I", message[:4])
    return json.loads(message[4 : 4 + length]), message[4 + length :]


def test_a_film_is_a_header_and_the_weights_of_every_view():
    header, weights = packed(show_roles=True)
    cells = 2 * 2 * 6  # only the triangle below the diagonal
    assert len(weights) == 2 * cells
    assert set(weights[:cells]) == {128}
    assert set(weights[cells:]) == {255}
    assert header["selection"] == {"step": 2, "head": [1, 0]}
    assert header["curve"] == {"batches": [[0, 8.0]], "validation": [[0, 8.0]]}
    assert header["norm_range"] == [1 / 1.5, 2]


def test_a_frame_is_a_view_ready_to_be_read():
    first, second = packed(show_roles=True)[0]["frames"]
    assert (first["step"], first["said"], first["loss"]) == (1, "first", 2.0)
    assert (second["step"], second["said"], second["loss"]) == (2, "second", None)
    assert first["guesses"] == [
        ["tokens only", "a", 0.5],
        ["layer 0", "b", 0.25],
        ["layer 1", "b", 0.75],
    ]
    assert (first["spread"], first["gain"]) == ([1.0], [1.0])
    assert second["gain"] is None
    assert (first["written"], second["written"]) == (None, "ba")
    assert second["badges"] == {"1.0": "previous"}
    assert second["roles"][0] == {
        **{"role": "previous token", "who": "layer 1, head 0"},
        **{"share": 0.6, "chance": 0.1, "clear": True},
    }
    assert first["roles"][0]["clear"] is False


def test_roles_stay_secret_until_the_prediction():
    for frame in packed(show_roles=False)[0]["frames"]:
        assert (frame["roles"], frame["badges"]) == ([], {})
