import json
import struct

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from gpt_core.interpret.attention import AttentionTrace
from tests.helpers import header_and_bytes
from ui.components.attention_map import (
    Outcome,
    Selection,
    Small,
    attention_grid,
    pack,
    pack_small,
    pack_weights,
)

RANDOM = np.random.default_rng(0)


def patterns(layers, heads, T, causal):
    scores = RANDOM.normal(size=(layers, heads, T, T)).astype(np.float32)
    weights = np.exp(scores) * (np.tri(T) if causal else 1)
    return (weights / weights.sum(-1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("T", [1, 2, 7, 32])
def test_causal_weights_lie_where_the_browser_looks_for_them(T):
    pattern = patterns(3, 2, T, causal=True)
    packed = pack_weights(pattern, causal=True)
    cells = T * (T + 1) // 2
    assert len(packed) == 3 * 2 * cells
    for layer in range(3):
        for head in range(2):
            for row in range(T):
                for column in range(row + 1):
                    place = (layer * 2 + head) * cells + row * (row + 1) // 2 + column
                    assert abs(packed[place] / 255 - pattern[layer, head, row, column]) <= 0.5 / 255


def test_without_a_mask_all_cells_are_sent():
    pattern = patterns(1, 2, 5, causal=False)
    packed = np.frombuffer(pack_weights(pattern, causal=False), np.uint8).reshape(1, 2, 5, 5)
    np.testing.assert_allclose(packed / 255, pattern, atol=0.5 / 255)


def test_differences_lie_around_zero():
    difference = patterns(2, 3, 6, causal=True) - patterns(2, 3, 6, causal=True)
    difference[0, 0, 0, 0], difference[0, 0, 1, 0], difference[0, 0, 1, 1] = -1, 0, 1
    packed = np.frombuffer(pack_weights(difference, causal=True, signed=True), np.uint8)
    assert packed[:3].tolist() == [1, 128, 255]
    sent = (packed.reshape(2, 3, -1).astype(float) - 128) / 127
    rows, columns = np.tril_indices(6)
    np.testing.assert_allclose(sent, difference[:, :, rows, columns], atol=0.5 / 127)


def grid_page(**options):
    import numpy as np

    from ui.components.attention_map import attention_grid

    attention_grid(np.full((2, 3, 2, 2), 0.5), ["a", "␣"], key="grid", **options)


def grid_message(**options):
    """The header and the bytes of the message that a page with a grid sends."""
    app = AppTest.from_function(grid_page, kwargs=options).run()
    assert not app.exception
    return header_and_bytes(app.get("bidi_component")[0].proto.bytes)


def test_a_grid_is_sent_without_q_k_and_v():
    header, weights = grid_message()
    assert (header["layers"], header["heads"], header["width"]) == (2, 3, 0)
    assert header["tokens"] == ["a", "␣"]
    assert header["selection"] == {"head": None} and not header["tells"]
    assert weights == bytes([128] * 18)


def test_a_grid_has_badges_a_name_and_a_locked_head():
    header, weights = grid_message(
        causal=False, head=(1, 2), badges={(0, 1): "first"}, name="step 7", signed=True
    )
    assert header["badges"] == {"0.1": "first"}
    assert header["name"] == "step 7" and header["signed"]
    assert header["selection"] == {"head": [1, 2]}
    assert weights == bytes([192] * 24)


def test_other_pictures_have_other_names():
    assert grid_message()[0]["name"] != grid_message(signed=True)[0]["name"]


def test_a_grid_needs_one_label_for_each_token():
    with pytest.raises(ValueError, match="for 4 tokens, but 1 were given"):
        attention_grid(patterns(1, 1, 4, causal=True), ["a"], key="grid")


def test_a_message_holds_the_header_then_aligned_floats_then_the_weights():
    q, k, v = torch.randn(3, 2, 2, 3, 4)
    trace = AttentionTrace(q, k, v, torch.eye(3).expand(2, 2, 3, 3), torch.zeros(3, 5), (1, 2, 3))
    written = torch.tensor([1.0, 2.0, 3.0])
    small = Small(b"\x00\x80\xff\x01\x02\x03", pool=1)
    outcome = Outcome([("a", 0.5, 0.25)], 1.0, None)
    chosen = Selection((0, 1), ((1, 0),), (2, 1))
    message = pack(trace, small, written, True, ["␣", "ß", "漢"], chosen, outcome, "name")
    (length,) = struct.unpack_from("<I", message)
    assert (4 + length) % 4 == 0
    header = json.loads(message[4 : 4 + length])
    assert header["tokens"] == ["␣", "ß", "漢"]
    assert header["selection"] == {"head": [0, 1], "off": [[1, 0]], "cell": [2, 1]}
    assert header["outcome"]["tokens"] == [["a", 0.5, 0.25]]
    floats = np.frombuffer(message, "<f4", 3 * 12 + 3, 4 + length)
    np.testing.assert_array_equal(floats[12:24].reshape(3, 4), k[0, 1])
    np.testing.assert_array_equal(floats[-3:], written)
    assert message.endswith(small.weights)
    assert len(message) == 4 + length + 4 * 39 + 6


@pytest.mark.parametrize("T", [97, 127, 128, 200])
@pytest.mark.parametrize("causal", [True, False])
def test_small_pictures_keep_the_strongest_of_a_square(T, causal):
    pattern = patterns(1, 2, T, causal)
    small = pack_small(pattern, causal)
    side = -(-T // small.pool)
    assert small.pool > 1 and side <= 1.5 * 64
    cells = side * (side + 1) // 2 if causal else side * side
    assert len(small.weights) == 2 * cells
    sent = iter(small.weights)
    for head in range(2):
        for y in range(side):
            for x in range(y + 1 if causal else side):
                rows, columns = (slice(i * small.pool, (i + 1) * small.pool) for i in (y, x))
                strongest = pattern[0, head, rows, columns].max()
                assert abs(next(sent) / 255 - strongest) <= 0.501 / 255


def test_a_pooled_message_holds_the_locked_head_cell_by_cell():
    pattern = patterns(2, 2, 100, causal=True)
    small = pack_small(pattern, causal=True)
    q, logits = torch.zeros(2, 2, 100, 4), torch.zeros(100, 5)
    trace = AttentionTrace(q, q, q, torch.tensor(pattern), logits, (1,) * 100)
    written, chosen = q[1, 0, :, 0], Selection((1, 0))
    message = pack(trace, small, written, True, ["a"] * 100, chosen, None, "name")
    exact = pack_weights(pattern[1:, :1], causal=True)
    assert message.endswith(exact + small.weights)
    (length,) = struct.unpack_from("<I", message)
    assert json.loads(message[4 : 4 + length])["pool"] == small.pool == 2


@pytest.mark.parametrize("T", [1, 64, 95])
def test_short_prompts_are_sent_cell_by_cell(T):
    pattern = patterns(1, 1, T, causal=True)
    assert pack_small(pattern, causal=True) == Small(pack_weights(pattern, causal=True), 1)


@pytest.mark.parametrize(
    "chosen",
    [
        Selection(),
        Selection((2, 3), (), None),
        Selection((0, 0), ((0, 1), (5, 11)), (12, 7)),
        Selection((1, 0), ((1, 0),), (0, 0)),
    ],
)
def test_a_selection_survives_the_url(chosen):
    params = {"prompt": "something else", **chosen.in_url()}
    assert Selection.from_url(params, (6, 12), 20) == chosen


def test_a_url_that_says_nothing_stays_short():
    assert not any(Selection().in_url().values())


@pytest.mark.parametrize(
    "params",
    [
        {"head": "4.0"},
        {"head": "0.4"},
        {"head": "x"},
        {"head": "-1.0"},
        {"head": "²." + "0"},
        {"head": "99999999999999999999.0"},
        {"off": "9.9,,hello,0"},
        {"cell": "10.0"},
        {"cell": "1.2.3"},
    ],
)
def test_nonsense_in_the_url_is_left_out(params):
    assert Selection.from_url(params, (4, 4), 10) == Selection()


def test_what_is_right_in_a_url_is_kept():
    params = {"off": "3.3,nonsense,0.1,3.3", "cell": "9.9", "head": "7.7"}
    assert Selection.from_url(params, (4, 4), 10) == Selection((0, 0), ((0, 1), (3, 3)), (9, 9))
