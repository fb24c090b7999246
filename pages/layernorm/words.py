"""What the LayerNorm lesson says of each kind of norm, with the numbers of the token in view."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from gpt_core.interpret.norms import DepthTrace, HandCalculation, mean_and_std
from gpt_core.model.norms import LayerNorm, RMSNorm
from ui.app.lesson import Answer
from ui.show.numbers import near, number, tidy

if TYPE_CHECKING:
    from torch import Tensor, nn

GOAL = "Say what a norm does to a token's numbers, by hand, and what it doesn't care about."

_WHAT_IT_DOES = {
    "layernorm": "**LayerNorm** looks at one token at a time. It shifts that token's numbers until "
    "their mean is 0, and stretches or shrinks them until their standard deviation is 1. ",
    "rmsnorm": "This model uses **RMSNorm**, a simpler sister of LayerNorm. It looks at one token "
    "at a time and divides its numbers by their root mean square, so that their mean *square* is "
    "1. It subtracts no mean. ",
    "batchnorm": "This model uses **BatchNorm**. It does not look at one token: it shifts and "
    "scales each *channel*, by a mean and a variance of that channel that it averaged while "
    "training. Nothing of your prompt goes into them. ",
}
_NO_NORM = (
    "This model has **no norm**. Where others normalise, it passes the numbers on as they are. It "
    "is the control in the experiment: compare it with a model that has one."
)

WHY = {
    "layernorm": "Multiply all x by a, and their mean and standard deviation are multiplied by a "
    "too. Both stand in (x − μ) / σ, so **a cancels**. Only ε was not multiplied: the divisor is "
    "really √(a²σ² + ε).",
    "rmsnorm": "Multiply all x by a, and their root mean square is multiplied by a too. Divide one "
    "by the other and **a cancels**. Only ε was not multiplied: the divisor is really "
    "√(a² · mean square + ε).",
    "batchnorm": "BatchNorm divides by what it remembers from training, and that memory does not "
    "grow with your input. So **a does not cancel**.",
    "none": "Nothing divides, so nothing cancels: **what goes in larger comes out larger**.",
}

_SMALLEST = (
    "Find the smallest factor at which the token keeps 99% of its size. Is it the same for the "
    "first norm and the last? Compare the sizes of what they read."
)
_LIKELIEST = "At which factor does another token become the likeliest?"
TRY = {
    "layernorm": _SMALLEST,
    "rmsnorm": _SMALLEST,
    "batchnorm": _LIKELIEST,
    "none": _LIKELIEST,
}


def what_it_does(kind: str, biased: bool) -> str:
    """What the norm does to a token's numbers, or to a channel's."""
    if kind == "none":
        return _NO_NORM
    return _WHAT_IT_DOES[kind] + (
        "Then each channel is multiplied by a learned number γ (gamma)"
        + (", and a learned β (beta) is added." if biased else "; nothing is added.")
    )


def stages(kind: str, biased: bool) -> tuple[str, str, str]:
    """What to call the numbers that come in, the normalised ones, and those that go out."""
    if kind == "none":
        return "before", "no norm, the same", "nothing learned, the same"
    return "before the norm", "normalised", f"after {learned_names(biased)}"


def learned_names(biased: bool) -> str:
    """What a norm has learned."""
    return "γ and β" if biased else "γ"


def norm_label(name: str, pre: bool) -> str:
    """The same as a choice: “layer 0, before attention · blocks.0.norm1”."""
    if name == "norm_f":
        return f"after all layers · {name}"
    layer, norm = name.split(".")[1:]
    side, branch = "before" if pre else "after", "attention" if norm == "norm1" else "the MLP"
    return f"layer {layer}, {side} {branch} · {name}"


def norm_row(name: str, pre: bool) -> str:
    """The same as a row's name: “before attention 0”."""
    if name == "norm_f":
        return "after all layers"
    layer, norm = name.split(".")[1:]
    return f"{'before' if pre else 'after'} {'attention' if norm == 'norm1' else 'MLP'} {layer}"


def place_in_words(name: str, pre: bool) -> str:
    """Where a norm stands: blocks.0.norm1 → Layer 0, before attention."""
    if name == "norm_f":
        return "After all layers, before the scores of the next token."
    layer, norm = name.split(".")[1:]
    branch = "attention" if norm == "norm1" else "the MLP"
    if pre:
        return f"Layer {layer}, before {branch}. Only {branch} reads its result."
    return f"Layer {layer}, after {branch} has been added to the stream."


def numbers_in_words(hand: HandCalculation, shown: int = 4) -> str:
    """What comes in and what goes out: the first few numbers of each."""

    def few(values: list[float]) -> str:
        return ", ".join(number(value, ".2f") for value in values[:shown])

    return (
        f"comes in as {few(hand.x)}, … (all {len(hand.x)} lie between {tidy(min(hand.x))} and "
        f"{tidy(max(hand.x))}) and goes out as {few(hand.result)}, … (between "
        f"{tidy(min(hand.result))} and {tidy(max(hand.result))})"
    )


def learned_in_words(name: str, hand: HandCalculation, biased: bool) -> str:
    """What training made of γ and β."""
    C = len(hand.x)
    low, high = tidy(min(hand.gain)), tidy(max(hand.gain))
    told = f"`{name}` has {C} gains γ" + (f" and {C} biases β" if biased else " and no bias β")
    told += ", one for each channel, the same for every token of every prompt. They are "
    told += "**learned**: γ begins at 1" + (" and β at 0" if biased else "")
    if (low, high) == ("1", "1") and not any(hand.bias if biased else ()):
        return told + f". In this model {'they are still there' if biased else 'it is still 1'}."
    told += ". Now γ " + _range(low, high)
    if biased:
        told += " and β " + _range(tidy(min(hand.bias)), tidy(max(hand.bias)))
    return told + "."


def _range(low: str, high: str) -> str:
    return f"is **{low}** everywhere" if low == high else f"lies between **{low}** and **{high}**"


def spread_in_words(trace: DepthTrace, statistic: str) -> str:
    """From where to where the statistic goes on this prompt, before and after normalising."""
    which = ("mean", "standard deviation").index(statistic)
    told = []
    for stage in ("before", "normalized"):
        stages = [getattr(norm, stage) for norm in trace.norms.values()]
        values = [value for x in stages for value in mean_and_std(x)[which].tolist()]
        low, high = tidy(min(values)), tidy(max(values))
        told.append(f"**{low}** everywhere" if low == high else f"**{low}** to **{high}**")
    if told[0] == told[1]:
        return f"On this prompt the {statistic} is {told[0]}, before and after."
    return f"On this prompt the {statistic} is {told[0]} before, and {told[1]} when normalised."


def stream_in_words(kind: str, pre: bool, first: float, last: float) -> str:
    """How the stream's mean length changed, and what the norms have to do with it."""
    lengths = f"from **{number(first, '.3g')}** to **{number(last, '.3g')}**"
    told = f"On this prompt the mean length goes {lengths}. "
    if kind == "none":
        return told + "With no norm, that is also the size that attention and the MLP must read."
    if pre:
        return told + (
            "The norms stand beside the stream: they change what a branch reads, never the stream "
            f"itself. {PRE_NORM}"
        )
    return told + (
        "The norms stand in the stream: after each addition the sum is normalised. The line shows "
        f"the stream after that. {PRE_NORM}"
    )


PRE_NORM = (
    "**Why pre-norm?** With a norm at the start of each branch, the stream stays a plain sum, and "
    "in training a correction reaches every layer without a norm in between. With a norm "
    "after each addition (**post-norm**) it passes all of them, which makes deep models harder to "
    "train (Xiong et al. 2020); Norms compared measures it."
)


def rms_saves(kind: str, biased: bool, norms: int, channels: int) -> str | None:
    """What RMSNorm does without; None where nobody would ask. norms: how many the model has."""
    if kind not in ("layernorm", "rmsnorm"):
        return None
    told = "**What RMSNorm saves:** the mean, which is one sum over all channels for each token"
    if kind == "layernorm" and biased:
        told += (
            f", and β: in this model {norms} norms × {channels} = {norms * channels:,} of the "
            f"norms' {2 * norms * channels:,} learned numbers"
        )
    elif kind == "rmsnorm":
        told += (
            f", and β: with it this model would have {norms} norms × {channels} = "
            f"{norms * channels:,} learned numbers more"
        )
    return told + (
        ". Models learn about as well with it (Zhang & Sennrich 2019, who measured 7% to 64% less "
        "time)."
    )


def steps_by_hand(kind: str, hand: HandCalculation, biased: bool) -> str:
    """The calculation as a numbered list, in Markdown, with this token's numbers."""
    if kind == "none":
        steps = [f"**Nothing.** All {len(hand.x)} numbers pass as they are."]
    elif biased:
        steps = [*_STEPS[kind](hand), f"**Gain and bias.** {_GAIN} and add its own β."]
    else:
        whose = "RMSNorm has" if kind == "rmsnorm" else "This model's norms have"
        steps = [*_STEPS[kind](hand), f"**Gain.** {_GAIN}. {whose} no β."]
    return "\n" + "\n".join(f"{i}. {step}" for i, step in enumerate(steps, start=1))


_GAIN = "Multiply by the channel's own γ"
_WHY_EPSILON = "ε (epsilon) is a small constant that keeps the divisor from being 0."


def _layer_norm_steps(hand: HandCalculation) -> list[str]:
    C, mean, variance = len(hand.x), hand.mean[0], hand.variance[0]
    return [
        f"**Mean, μ (mu).** Add the {C} numbers and divide by {C}: {tidy(sum(hand.x))} / {C}, so "
        f"**μ {near(mean)}**.",
        "**Centre.** Subtract μ from each number. What is left adds up to 0.",
        "**Variance, σ² (sigma squared).** Square what is left and take the mean: "
        f"{tidy(variance * C)} / {C}, so **σ² = {tidy(variance)}**. Its root σ = "
        f"{tidy(variance**0.5)} is the standard deviation.",
        f"**Divide** by √(σ² + ε) = √({tidy(variance)} + {plain(hand.epsilon)}) = "
        f"**{tidy(hand.scale[0])}**. {_WHY_EPSILON}",
    ]


def _rms_norm_steps(hand: HandCalculation) -> list[str]:
    C, square = len(hand.x), hand.variance[0]
    return [
        f"**Square** each of the {C} numbers. No mean is subtracted first.",
        f"**Mean square.** Add the squares and divide by {C}: {tidy(square * C)} / {C} = "
        f"**{tidy(square)}**.",
        f"**Divide** each number by √(mean square + ε) = √({tidy(square)} + "
        f"{plain(hand.epsilon)}) = **{tidy(hand.scale[0])}**, the root mean square. {_WHY_EPSILON}",
    ]


def _batch_norm_steps(hand: HandCalculation) -> list[str]:
    return [
        "**Subtract the channel's mean μ**, kept from training. Every channel has its own: channel "
        f"0 has {tidy(hand.mean[0])}.",
        "**Divide by √(σ² + ε).** The variance σ² (sigma squared) is the channel's own too: "
        f"channel 0 has {tidy(hand.variance[0])}, so it is divided by {tidy(hand.scale[0])}. ε "
        f"(epsilon) is {plain(hand.epsilon)}; it keeps the divisor from being 0.",
    ]


_STEPS: dict[str, Callable[[HandCalculation], list[str]]] = {
    "layernorm": _layer_norm_steps,
    "rmsnorm": _rms_norm_steps,
    "batchnorm": _batch_norm_steps,
}


def table_by_hand(kind: str, hand: HandCalculation, biased: bool, shown: int = 8) -> pd.DataFrame:
    """The first channels, number by number, then the sum and the mean over all of them."""
    squares = [value * value for value in hand.centered]
    columns = {"x": hand.x}
    if kind in ("layernorm", "batchnorm"):
        columns |= {"μ": hand.mean} if kind == "batchnorm" else {}
        columns |= {"x − μ": hand.centered}
    if kind == "layernorm":
        columns |= {"(x − μ)²": squares}
    if kind == "rmsnorm":
        columns |= {"x²": squares}
    if kind == "batchnorm":
        columns |= {"√(σ² + ε)": hand.scale}
    if kind != "none":
        columns |= {"normalised": hand.normalized, "γ": hand.gain}
    if biased:
        columns |= {"β": hand.bias}
    columns |= {"result": hand.result}
    C = len(hand.x)
    shown = min(shown, C)
    table = {}
    for name, values in columns.items():
        numbers = [number(value, ".4f") for value in values[:shown]]
        summed = name not in ("μ", "√(σ² + ε)", "γ", "β")
        totals = [tidy(sum(values)), tidy(sum(values) / C)] if summed else ["", ""]
        table[name] = numbers + totals
    rows = [*map(str, range(shown)), f"sum of all {C}", f"mean of all {C}"]
    return pd.DataFrame(table, index=pd.Index(rows, name="channel"))


def plain(value: float) -> str:
    """A small constant such as ε, written without an exponent: 0.00001."""
    return f"{value:.12f}".rstrip("0")


def bars(norm: str, position: int, hand: HandCalculation, channels: int) -> str:
    return (
        f"At `{norm}`, token {position} {numbers_in_words(hand)}. Each bar is one of its "
        f"{channels} numbers. The line is their **mean** μ (mu). The band reaches one **standard "
        "deviation** σ (sigma) to either side: the root of the mean squared distance from μ."
    )


BARS_ALT = "The chosen token's numbers before the norm, normalised, and after gain and bias"


def check(channels: int, norm: str, error: float) -> str:
    return (
        f"Check: over all {channels} channels, this differs from what the model's own `{norm}` "
        f"returned by at most {tidy(error, 0)}. The model calculates in 32 bits, this table in 64."
    )


STREAM = (
    "Why a norm at all? Branches add to the stream, layer after layer, so its **length** ‖x‖ "
    "changes. Bars show the length of what attention and the MLP add. Lengths don't simply add "
    "up: vectors can point in different directions."
)

STREAM_ALT = "Length of every token's residual stream after each attention and MLP"


def maps_alt(statistic: str) -> str:
    return f"The {statistic} across channels of every token at every norm, at three stages"


def maps(trace: DepthTrace, statistic: str) -> str:
    """How to read the maps; how far the deviations lie apart."""
    told = (
        "A row is a norm, the first one on top; a column is a token. The three maps share one "
        "colour scale, so equal colours are equal numbers."
    )
    if statistic == "standard deviation":
        told += " Standard deviations are coloured by their power of ten"
        seen = [mean_and_std(norm.before)[1] for norm in trace.norms.values()]
        low, high = min(x.min().item() for x in seen), max(x.max().item() for x in seen)
        if low > 0 and math.isfinite(high):
            times = tidy(high / low)
            told += ": before the norms, "
            told += (
                "all are alike" if times == "1" else f"the largest is {times} times the smallest"
            )
        told += "."
    return told


def intro(channels: int, kind: str, pre: bool) -> str:
    said = (
        f"Inside the model every token is a vector of **{channels} numbers**, one in each "
        "**channel**. "
    )
    if kind == "none":
        return said + (
            "A **norm** would bring them to a common size before a part reads them. This model has "
            "none. Choose a place where others have one, and a token of your prompt."
        )
    when = "before a part reads them" if pre else "after each part has added its vector"
    return said + (
        f"A **norm** brings them to a common size {when}. Choose one of the norms of this model, "
        "and a token of your prompt."
    )


QUESTIONS = (
    (
        "A token's numbers are 2, 4, 6 and 8. What are they after LayerNorm, before γ and β?",
        "The mean is 5, the variance (9 + 1 + 1 + 9) / 4 = 5. So about −1.34, −0.45, 0.45, 1.34.",
    ),
    (
        "The numbers of another token are ten times as large. What is different in the result?",
        "Nothing, but for ε: mean and standard deviation are ten times as large, too, and cancel.",
    ),
    (
        "Does LayerNorm mix tokens?",
        "No. Mean and standard deviation come from one token's own channels.",
    ),
)
ABILITIES = (
    "normalise a vector by hand",
    "say why the size of a norm's input cancels, and when ε matters",
    "say what γ and β are, what RMSNorm leaves out, and why GPTs are pre-norm",
)

TOKENS = "Walk through the tokens with the slider at the top. Whose stream ends the longest?"


def another(kind: str) -> str:
    """A preset with another norm than this model's."""
    preset = "*modern* has RMSNorm" if kind == "layernorm" else "*classic* has LayerNorm"
    return (
        f"Train a small model with another preset ({preset}), choose it at the top, and come "
        "back. What is different by hand?"
    )


READING = (
    "Ba, Kiros & Hinton 2016, [Layer Normalization](https://arxiv.org/abs/1607.06450)",
    "Zhang & Sennrich 2019, [Root Mean Square Layer Normalization]"
    "(https://arxiv.org/abs/1910.07467)",
    "Xiong et al. 2020, [On Layer Normalization in the Transformer Architecture]"
    "(https://arxiv.org/abs/2002.04745): norms before or after the branches",
)

ANSWER_FIRST = "Choose an answer first. Then you can try it."
TOO_LARGE = "The numbers grew too large for 32 bits (overflow). Choose a smaller factor."


def question(norm: str) -> str:
    return f"Suppose every number that `{norm}` reads is multiplied by 10. What comes out?"


def answer(
    guess: str, closest: str, position: int, sizes: tuple[float, float], kind: str
) -> Answer:
    """sizes: of the token's numbers behind the norm, as they are and when multiplied by 10."""
    told = "" if guess == closest else f"Closer is **{closest}**. "
    return Answer(
        guess == closest,
        f"{told}Token {position} comes out with size **{tidy(sizes[0])}** as it is, and with "
        f"size **{tidy(sizes[1])}** when multiplied by 10. {WHY[kind]}",
    )


IN_THE_STREAM = "This norm stands in the stream: nothing else reads what is multiplied."
LAST_NORM = "Only this norm reads the stream here: multiplying either is the same."


def verdict(norm: nn.Module, x: Tensor, factor: float, ratio: float) -> str:
    """What the numbers say about the norm, and about ε."""
    if not isinstance(norm, LayerNorm | RMSNorm):
        if factor == 1:
            return "At ×1 nothing changes. Move the factor."
        return f"At ×{factor:g}, what comes out is **{tidy(ratio)} times** as large as at ×1."
    centred = isinstance(norm, LayerNorm)
    variance = (x - x.mean() if centred else x).square().mean().item()
    epsilon = norm.eps
    share = epsilon / (factor**2 * variance + epsilon)
    under = "a²σ²" if centred else "a² · mean square"
    percent = f"{100 * share:.3g}%" if share >= 1e-6 else "less than 0.0001%"
    told = (
        f"At a = {factor:g}, {under} is {tidy(factor**2 * variance, 0)} and ε is {plain(epsilon)}: "
        f"ε makes up **{percent}** of what stands under the root. The normalised token has "
        f"**{tidy(100 * ratio)}%** of its size at ×1. "
    )
    if factor == 1:
        return told + "Move the factor."
    if abs(ratio - 1) < 0.01:
        return told + "The norm hardly cares."
    small = "such a small input" if factor < 1 else "so small an input as at ×1"
    return told + f"Here **the norm does care**: ε is too large beside {small}."


def stream_verdict(name: str, factor: float, moved: float) -> str:
    weighs = "less" if factor > 1 else "more"
    after = "" if factor == 1 else f" What later branches add now weighs {weighs} beside it."
    return (
        f"`{name}` returned the same as when only its own input was multiplied. But the skip "
        f"connection carries the multiplied stream past it.{after} That moved "
        f"**{100 * moved:.2f}%** of the probability."
    )


def outcome(position: int) -> str:
    return (
        f"The curves are about token {position}. Size is the root mean square of its numbers, "
        "before anything learned comes in; the result is what the norm returns in the end. Every "
        "token is multiplied. The bars are about the token after the prompt. Probability that "
        "moved: all that some tokens lost and others gained."
    )
