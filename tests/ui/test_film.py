import json
import struct

import numpy as np
import torch

from gpt_core.interpret.head_roles import RoleScores
from gpt_core.interpret.snapshots import Frame, Moment
from pages.head_born.results import Seen
from pages.head_born.words import LATE, LATER, NEVER, Fall, answer, births, restless, said, told
from ui.components.film import Picture, RoleRow, Stage, pack_film

FALL = Fall([0, 100, 400], [8.0, 4.0, 2.0])


def scores(clear_head=None, share=0.6):
    """Scores of 2 × 2 heads, of which at most one is clear."""
    shares = torch.full((2, 2), 0.1)
    if clear_head:
        shares[clear_head] = share
    return RoleScores(shares, torch.full((2, 2), 0.1), torch.where(shares > 0.2, 20.0, 0.0), 10)


def seen(step, previous=None, turned=None):
    """A snapshot: all heads look at themselves, one of them (turned) at the first token."""
    pattern = np.tile(np.eye(3, dtype=np.float16), (2, 2, 1, 1))
    if turned:
        pattern[turned] = [[1, 0, 0], [1, 0, 0], [1, 0, 0]]
    frame = Frame(step, pattern, (1.0,), (1.0,), ((0, 0.5),))
    roles = {"previous token": scores(previous), "induction": scores()}
    return Seen(Moment(step, True, "x"), frame, roles)


RUN = [seen(0), seen(100), seen(200, (1, 0), (0, 1)), seen(400, (1, 0), (0, 1))]


def test_a_birth_is_the_first_clear_snapshot():
    previous, induction = births(RUN, FALL)
    assert (previous.step, previous.before, previous.head) == (200, 100, (1, 0))
    assert abs(previous.fallen - (8 - 4 + 2 / 3) / 6) < 1e-6
    assert previous.lasts
    assert (induction.step, induction.head) == (None, None)
    assert told([previous, induction]).splitlines() == [
        "- **previous token**: first clear at step 200, when 78% of the loss's fall was done. "
        "Layer 1, head 0: 60% of its attention, chance 10%; some head has it to the end.",
        "- No head took this role in this run: *induction*",
    ]


def test_the_answer_compares_with_what_happened():
    previous, induction = births(RUN, FALL)
    said_so = answer(LATER, previous, RUN, FALL, so_far=False)
    assert said_so.startswith("**You saw it coming.** Layer 1, head 0 is the first: at step 200")
    assert "between steps 100 and that" in said_so
    assert "**78%** of the loss's fall is done" in said_so
    assert "fell most between steps 0 and 100" in said_so
    assert answer(LATE, previous, RUN, FALL, so_far=False).startswith("**It went differently.**")
    said_so = answer(NEVER, induction, RUN, FALL, so_far=True)
    assert said_so.startswith("**You saw it coming.** No head took this role in this run so far.")


def test_a_role_that_is_lost_again_is_told_so():
    run = [*RUN, seen(500)]
    previous, _ = births(run, FALL)
    assert not previous.lasts
    assert "lost again" in answer(LATER, previous, run, FALL, so_far=False)


def test_what_changed_most_is_found():
    assert said(None, RUN[0]).startswith("Before the first step")
    assert said(RUN[1], RUN[2]) == (
        "Since step 100 layer 0, head 1 has changed most: 100% of its attention lies elsewhere now."
    )
    assert "from step 100 to 200, **layer 0, head 1** turned 100%" in restless(RUN)
    assert restless(RUN[:1]) == ""


def test_a_film_is_a_header_and_the_weights_of_every_frame():
    pattern = np.tril(np.full((2, 2, 3, 3), 0.5, dtype=np.float32))
    stage = Stage("abc", "abc", True, [(0, 8.0)], [(0, 8.0)], ["last"], "t", "w", "r")
    pictures = [
        Picture(
            step, pattern * step, 2.0, "said", [("layer 0", "x", 0.5)], [step], [1.0], "y", [], {}
        )
        for step in (1, 2)
    ]
    row = RoleRow("induction", "layer 1, head 0", 0.5, 0.1, True)
    pictures[1] = Picture(**(vars(pictures[1]) | {"roles": [row], "badges": {(1, 0): "induction"}}))
    message = pack_film("n", stage, pictures, 2, (1, 0), True)
    (length,) = struct.unpack("<I", message[:4])
    header, weights = json.loads(message[4 : 4 + length]), message[4 + length :]
    cells = 2 * 2 * 6  # only the triangle below the diagonal
    assert len(weights) == 2 * cells
    assert set(weights[:cells]) == {128}
    assert set(weights[cells:]) == {255}
    assert header["selection"] == {"step": 2, "head": [1, 0]}
    assert header["curve"] == {"batches": [[0, 8.0]], "validation": [[0, 8.0]]}
    assert header["norm_range"] == [1 / 1.5, 2]
    assert header["frames"][1]["badges"] == {"1.0": "induction"}
    assert header["frames"][1]["roles"][0]["clear"] is True
    assert "pattern" not in header["frames"][0]
