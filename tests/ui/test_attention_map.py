import json
import struct

import numpy as np
import pytest

from ui.attention_map import Numbers, Outcome, Selection, pack, pack_weights

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


def test_a_message_holds_the_header_then_aligned_floats_then_the_weights():
    q, k, v = (RANDOM.normal(size=(3, 4)).astype(np.float32) for _ in range(3))
    written = np.array([1.0, 2.0, 3.0], np.float32)
    numbers = Numbers(b"\x00\x80\xff\x01\x02\x03", q, k, v, written, causal=True)
    outcome = Outcome([("a", 0.5, 0.25)], 1.0, None)
    chosen = Selection((0, 1), ((1, 0),), (2, 1))
    message = pack(numbers, ["␣", "ß", "漢"], (2, 2), chosen, outcome, "name")
    (length,) = struct.unpack_from("<I", message)
    assert (4 + length) % 4 == 0
    header = json.loads(message[4 : 4 + length])
    assert header["tokens"] == ["␣", "ß", "漢"]
    assert header["selection"] == {"head": [0, 1], "off": [[1, 0]], "cell": [2, 1]}
    assert header["outcome"]["tokens"] == [["a", 0.5, 0.25]]
    floats = np.frombuffer(message, "<f4", 3 * 12 + 3, 4 + length)
    np.testing.assert_array_equal(floats[12:24].reshape(3, 4), k)
    np.testing.assert_array_equal(floats[-3:], written)
    assert message.endswith(numbers.weights)
    assert len(message) == 4 + length + 4 * 39 + 6


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
    params = {"prompt": "untouched", "head": "9.9", "off": "8.8", "cell": "7.7"}
    chosen.into_url(params)
    assert params["prompt"] == "untouched"
    assert Selection.from_url(params, (6, 12), 20) == chosen


def test_a_url_that_says_nothing_stays_short():
    params = {"off": "1.1"}
    Selection().into_url(params)
    assert params == {}


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
