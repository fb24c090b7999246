"""One token through any GPT of ours, as one compiled function: `step`, the last one here.

A small model waits for PyTorch, which takes microseconds to start each of its hundred operations; a
large one waits for memory, since every weight is read once for every token. So here are only loops,
which become machine code, and a weight may be one byte (int8) instead of four.

All designs share one signature, so that it is compiled once: what differs between models comes in
as numbers. Weights aren't copied; their addresses in the model's own memory come in.

Shapes: C channels, H heads, D = C / H, V tokens, T = block_size, n tokens up to the new one.

To import this takes numba; see `compiled` for who uses it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import carray, njit, types
from numba.extending import intrinsic


class Design(NamedTuple):
    """What a model is like. pre and qk_norm: 1 for yes. The last four are addresses, 0 for none."""

    layers: int
    heads: int
    width: int
    hidden: int
    norm: int
    pre: int
    activation: int
    qk_norm: int
    tokens: int  # (V, C)
    positions: int  # (T, C)
    cosines: int  # of RoPE, (T, D / 2), and next the sines
    sines: int


LAYERNORM, RMSNORM, AFFINE = 0, 1, 2  # BatchNorm has become a gain and a bias
GELU, GELU_TANH, RELU, RELU2, SWIGLU = 0, 1, 2, 3, 4
# The matrices of a layer, in their order; after the last layer's comes the output layer.
QKV, PROJ, UP, GATE, DOWN = 0, 1, 2, 3, 4
MATRICES = 5
# What is kept of each: where its weight (out, in) lies, row after row; its bias (out,), or 0; its
# rows' scales (out,) if the weight is int8, or 0.
WEIGHT, BIAS, SCALE = 0, 1, 2
# The rows of memory to work in.
STREAM, NORMED, HEADS, MIXED, INNER, GATED, SCORES = 0, 1, 2, 3, 4, 5, 6
WORK = 7

# Sums may be taken in any order, hence eight at a time, and nobody looks for divisions by 0. But
# what isn't a number has to stay so: by it a model whose training has diverged is found out.
_FAST: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"reassoc", "contract", "nsz", "arcp"},
}
f32 = np.float32
ZERO, HALF, ONE = f32(0), f32(0.5), f32(1)
QK_EPS = f32(np.finfo(np.float32).eps)  # what torch.nn.functional.rms_norm takes by itself
# e^x: above HIGHEST it is no float32, below LOWEST it is 0. The coefficients of e^r, for r up to
# ln 2 / 2, are those of Moshier's Cephes library (expf).
LOG2_E, LN_2, HIGHEST, LOWEST = f32(1.4426950408889634), f32(0.6931471805599453), f32(88), f32(-87)
E2, E3, E4 = f32(5.0000001201e-1), f32(1.6666665459e-1), f32(4.1665795894e-2)
E5, E6, E7 = f32(8.3334519073e-3), f32(1.3981999507e-3), f32(1.9875691500e-4)
# The tail of the normal distribution (Abramowitz & Stegun 1964, 7.1.26), right to 1e-7.
TAIL, P1, P2 = f32(0.3275911 / 2**0.5), f32(0.254829592 / 2), f32(-0.284496736 / 2)
P3, P4, P5 = f32(1.421413741 / 2), f32(-1.453152027 / 2), f32(1.061405429 / 2)
TANH_OUT, TANH_IN = f32(2 * (2 / np.pi) ** 0.5), f32(0.044715)


def _to_pointer(typing: Any, address: Any) -> Any:
    """An address as a pointer, for which numba has no function."""

    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.voidptr(types.int64), make


_pointer: Any = intrinsic(_to_pointer)


@njit(**_FAST)
def _floats(address: int, n: int) -> np.ndarray:
    """The n numbers that lie at an address."""
    return carray(_pointer(address), (n,), np.float32)


@njit(**_FAST)
def _add(address: int, out: np.ndarray) -> None:
    """out += the numbers that lie at an address."""
    numbers = _floats(address, len(out))
    for i in range(len(out)):
        out[i] += numbers[i]


@njit(**_FAST)
def _clear(out: np.ndarray) -> None:
    for i in range(len(out)):
        out[i] = ZERO


@njit(**_FAST)
def _copy(x: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(out)):
        out[i] = x[i]


@njit(**_FAST)
def _exp(x: Any) -> Any:
    """e^x = 2^n · e^r, without a call, so that a loop can do eight at a time."""
    x = min(max(x, LOWEST), HIGHEST) + (x - x)  # x - x: what isn't a number stays so
    n = np.floor(x * LOG2_E + HALF)
    r = x - n * LN_2
    e = (((((E7 * r + E6) * r + E5) * r + E4) * r + E3) * r + E2) * r * r + r + ONE
    return e * np.int32((np.int32(n) + 127) << 23).view(np.float32)


@njit(**_FAST)
def _add_product(matrix: np.ndarray, x: np.ndarray, out: np.ndarray) -> None:
    """out += W x + b, the weights being float32 or int8."""
    shape = len(out), len(x)
    if matrix[BIAS]:
        _add(matrix[BIAS], out)
    if matrix[SCALE]:
        small = carray(_pointer(matrix[WEIGHT]), shape, np.int8)
        _add_dots(small, _floats(matrix[SCALE], len(out)), x, out)
    else:
        _add_dots(carray(_pointer(matrix[WEIGHT]), shape, np.float32), None, x, out)


@njit(**_FAST)
def _add_dots(weight: np.ndarray, scale: Any, x: np.ndarray, out: np.ndarray) -> None:
    """out[r] += (weight[r] · x) scale[r]; rows may be longer than x.

    One row after the other, as they lie: memory is then read up to three times as fast as when
    several rows are read side by side.
    """
    for r in range(len(out)):
        total, row = ZERO, weight[r]
        for i in range(len(x)):
            total += f32(row[i]) * x[i]
        out[r] += total if scale is None else total * scale[r]


@njit(**_FAST)
def _add_mixture(shares: np.ndarray, rows: np.ndarray, out: np.ndarray) -> None:
    """out += Σ shares[i] rows[i]; four rows at a time, so that out is written less often.

    Rows may be longer than out.
    """
    n = len(shares)
    for i in range(0, n - 3, 4):
        a, b, c, d = shares[i], shares[i + 1], shares[i + 2], shares[i + 3]
        r0, r1, r2, r3 = rows[i], rows[i + 1], rows[i + 2], rows[i + 3]
        for j in range(len(out)):
            out[j] += a * r0[j] + b * r1[j] + c * r2[j] + d * r3[j]
    for i in range(n - n % 4, n):
        a, r0 = shares[i], rows[i]
        for j in range(len(out)):
            out[j] += a * r0[j]


@njit(**_FAST)
def _normalize(kind: int, norm: np.ndarray, eps: float, x: np.ndarray, out: np.ndarray) -> None:
    """The norm of x (C,), which may be out itself. norm: addresses of its gain and its bias."""
    n = len(x)
    if norm[0] == 0:  # no norm at all
        _copy(x, out)
        return
    mean, factor = ZERO, ONE
    if kind == LAYERNORM:
        for i in range(n):
            mean += x[i]
        mean /= f32(n)
    if kind != AFFINE:
        square = ZERO
        for i in range(n):
            square += (x[i] - mean) * (x[i] - mean)
        factor = ONE / np.sqrt(square / f32(n) + eps)
    gain = _floats(norm[0], n)
    for i in range(n):
        out[i] = (x[i] - mean) * factor * gain[i]
    if norm[1]:
        _add(norm[1], out)


@njit(**_FAST)
def _activate(kind: int, h: np.ndarray, gate: np.ndarray) -> None:
    """The nonlinearity of h (hidden,), in place; gate (hidden,) is SwiGLU's."""
    if kind == GELU:
        for i in range(len(h)):
            x = h[i]
            t = ONE / (ONE + TAIL * abs(x))
            tail = ((((P5 * t + P4) * t + P3) * t + P2) * t + P1) * t * _exp(-HALF * x * x)
            h[i] = x * (tail if x < ZERO else ONE - tail)
    elif kind == GELU_TANH:  # (1 + tanh u) / 2 = 1 / (1 + e^-2u)
        for i in range(len(h)):
            x = h[i]
            h[i] = x / (ONE + _exp(-TANH_OUT * (x + TANH_IN * x * x * x)))
    elif kind == SWIGLU:
        for i in range(len(h)):
            h[i] *= gate[i] / (ONE + _exp(-gate[i]))
    else:
        for i in range(len(h)):
            x = ZERO if h[i] < ZERO else h[i]
            h[i] = x if kind == RELU else x * x


@njit(**_FAST)
def _place(design: Design, head: np.ndarray, position: int) -> None:
    """What query-key norm and RoPE make of a query or a key (D,), in place."""
    if design.qk_norm:
        square = ZERO
        for i in range(len(head)):
            square += head[i] * head[i]
        factor = ONE / np.sqrt(square / f32(len(head)) + QK_EPS)
        for i in range(len(head)):
            head[i] *= factor
    if design.cosines:  # the halves (a, b) become (a cos - b sin, b cos + a sin)
        half = len(head) // 2
        row = 4 * half * position  # in bytes
        cos, sin = _floats(design.cosines + row, half), _floats(design.sines + row, half)
        for i in range(half):
            a, b = head[i], head[i + half]
            head[i] = a * cos[i] - b * sin[i]
            head[i + half] = b * cos[i] + a * sin[i]


@njit(**_FAST)
def _attend(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, scores: np.ndarray, out: np.ndarray
) -> None:
    """One head: out (D,) is the mixture of values by softmax(query · keys / √D).

    keys and values (D, T): the tokens lie along a row, so that eight are dealt with at a time.
    Of a row the first n are used, as many as there are scores (n,).
    """
    _clear(scores)
    _clear(out)
    _add_mixture(query, keys, scores)
    root, most, total = ONE / np.sqrt(f32(len(query))), scores[0], ZERO
    for i in range(len(scores)):
        most = max(most, scores[i])
    for i in range(len(scores)):
        scores[i] = _exp(root * (scores[i] - most))
        total += scores[i]
    _add_dots(values, None, scores, out)
    for i in range(len(out)):
        out[i] /= total


@njit(**_FAST)
def _attention(
    design: Design, matrices: np.ndarray, keys: np.ndarray, values: np.ndarray, work: np.ndarray,
    position: int, y: np.ndarray, x: np.ndarray,
) -> None:  # fmt: skip
    """x (C,) += what the heads of a layer bring, who read y (C,).

    keys and values (H, D, T) of the layer; the new token's are put there.
    """
    C, D, n = design.width, design.width // design.heads, position + 1
    qkv, z = work[HEADS, : 3 * C], work[MIXED, :C]
    _clear(qkv)
    _add_product(matrices[QKV], y, qkv)
    for h in range(design.heads):
        at = h * D
        q, k, v = qkv[at : at + D], qkv[C + at : C + at + D], qkv[2 * C + at : 2 * C + at + D]
        _place(design, q, position)
        _place(design, k, position)
        for i in range(D):
            keys[h, i, position] = k[i]
            values[h, i, position] = v[i]
        _attend(q, keys[h], values[h], work[SCORES, :n], z[at : at + D])
    _add_product(matrices[PROJ], z, x)


@njit(**_FAST)
def _feed_forward(
    design: Design, matrices: np.ndarray, work: np.ndarray, y: np.ndarray, x: np.ndarray
) -> None:
    """x (C,) += what the MLP of a layer makes of y (C,)."""
    h, gate = work[INNER, : design.hidden], work[GATED, : design.hidden]
    _clear(h)
    _add_product(matrices[UP], y, h)
    if design.activation == SWIGLU:
        _clear(gate)
        _add_product(matrices[GATE], y, gate)
    _activate(design.activation, h, gate)
    _add_product(matrices[DOWN], h, x)


def step(
    design: Design, matrices: np.ndarray, norms: np.ndarray, eps: float, keys: np.ndarray,
    values: np.ndarray, work: np.ndarray, token: int, position: int, logits: np.ndarray,
) -> None:  # fmt: skip
    """Read one token at a position: its logits (V,) go to `logits`, its keys and values to theirs.

    matrices (MATRICES · n_layer + 1, 3) and norms (2 · n_layer + 1, 2) are addresses. keys and
    values (n_layer, H, D, T). work (WORK, at least max(3C, hidden, T)).
    """
    C = design.width
    x, y = work[STREAM, :C], work[NORMED, :C]
    _clear(x)
    _add(design.tokens + 4 * C * token, x)
    if design.positions:
        _add(design.positions + 4 * C * position, x)
    for layer in range(design.layers):
        own = matrices[MATRICES * layer : MATRICES * (layer + 1)]
        for branch in range(2):
            norm = norms[2 * layer + branch]
            if design.pre:
                _normalize(design.norm, norm, eps, x, y)
            else:
                _copy(x, y)
            if branch == 0:
                _attention(design, own, keys[layer], values[layer], work, position, y, x)
            else:
                _feed_forward(design, own, work, y, x)
            if not design.pre:
                _normalize(design.norm, norm, eps, x, x)
    _normalize(design.norm, norms[2 * design.layers], eps, x, y)
    _clear(logits)
    _add_product(matrices[MATRICES * design.layers], y, logits)


_ADDRESSES, _CACHE = types.int64[:, ::1], types.float32[:, :, :, ::1]
_SIGNATURE = types.void(
    types.NamedUniTuple(types.int64, len(Design._fields), Design), _ADDRESSES, _ADDRESSES,
    types.float32, _CACHE, _CACHE, types.float32[:, ::1], types.int64, types.int64,
    types.float32[::1],
)  # fmt: skip


def compile_step() -> Any:
    """The step as machine code: it takes seconds the first time, then comes from numba's cache.

    That lies beside this file; where nobody may write there, in the user's own folder for such
    things, or in the one that NUMBA_CACHE_DIR names; where there is none either, nothing is kept.
    """
    try:
        return njit(_SIGNATURE, cache=True, **_FAST)(step)
    except RuntimeError:  # numba's, where it finds no place for a cache
        return njit(_SIGNATURE, **_FAST)(step)
