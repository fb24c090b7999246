"""What the LayerNorm lesson says of each kind of norm, with the numbers of the token in view."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from gpt_core.interpret.norms import DepthTrace, HandCalculation, mean_and_std
from ui.show.numbers import number, tidy
from ui.show.tokens import TokenLike, code, visible

WHAT_IT_DOES = {
    "layernorm": "**LayerNorm** looks at one token at a time. It shifts that token's numbers until "
    "their mean is 0, and stretches or shrinks them until their standard deviation is 1. Then each "
    "channel is multiplied by a learned number γ (gamma), and a learned β (beta) is added.",
    "rmsnorm": "This model uses **RMSNorm**, a simpler sister of LayerNorm. It looks at one token "
    "at a time and divides its numbers by their root mean square, so that their mean *square* is "
    "1. It subtracts no mean. Then each channel is multiplied by a learned number γ (gamma); "
    "nothing is added.",
    "batchnorm": "This model uses **BatchNorm**. It does not look at one token: it shifts and "
    "scales each *channel*, by a mean and a variance of that channel that it averaged while "
    "training. Nothing of your prompt goes into them. Then each channel is multiplied by a learned "
    "number γ (gamma), and a learned β (beta) is added.",
    "none": "This model has **no norm**. Where others normalise, it passes the numbers on as they "
    "are. It is the control in the experiment: compare it with a model that has one.",
}

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


def stages(kind: str, biased: bool) -> tuple[str, str, str]:
    """What to call the numbers that come in, the normalised ones, and those that go out."""
    if kind == "none":
        return "before", "no norm, the same", "nothing learned, the same"
    return "before the norm", "normalised", f"after {learned_names(biased)}"


def learned_names(biased: bool) -> str:
    """What a norm has learned."""
    return "γ and β" if biased else "γ"


def place_in_words(name: str, pre: bool) -> str:
    """Where a norm stands: blocks.0.norm1 → Layer 0, before attention."""
    if name == "norm_f":
        return "After all layers, before the scores of the next token."
    layer, norm = name.split(".")[1:]
    branch = "attention" if norm == "norm1" else "the MLP"
    if pre:
        return f"Layer {layer}, before {branch}. Only {branch} reads its result."
    return f"Layer {layer}, after {branch} has been added to the stream."


def token_in_words(tokens: Sequence[TokenLike], position: int) -> str:
    """The token, with what stands before it."""
    earlier = "".join(visible(token.text) for token in tokens[max(0, position - 12) : position])
    before = code(f"…{earlier[-36:]}" if position > 12 else earlier[-36:]) + " " if earlier else ""
    return f"{before}**{code(tokens[position].text)}** is token {position}."


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
    told += ", one for each channel, the same for every token of every prompt. They were "
    told += "**learned**: γ began at 1" + (" and β at 0" if biased else "")
    told += f". Now γ lies between **{low}** and **{high}**"
    if biased:
        told += f", β between **{tidy(min(hand.bias))}** and **{tidy(max(hand.bias))}**"
    return told + "."


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
    told = f"On this prompt the mean length goes from **{first:.2f}** to **{last:.2f}**. "
    if kind == "none":
        return told + "With no norm, that is also the size that attention and the MLP must read."
    if pre:
        return told + (
            "The norms stand beside the stream (**pre-norm**): they change what a branch reads, "
            "never the stream itself. Its length changes only by what the branches add."
        )
    return told + (
        "The norms stand in the stream (**post-norm**): after each addition the sum is normalised. "
        "The line shows the stream after that."
    )


def steps_by_hand(kind: str, hand: HandCalculation) -> str:
    """The calculation as a numbered list, in Markdown, with this token's numbers."""
    return _STEPS[kind](hand)


def _layer_norm_steps(hand: HandCalculation) -> str:
    C, mean, variance = len(hand.x), hand.mean[0], hand.variance[0]
    return f"""
1. **Mean, μ (mu).** Add the {C} numbers and divide by {C}: {tidy(sum(hand.x))} / {C},
   so **μ = {tidy(mean)}**.
2. **Centre.** Subtract μ from each number. What is left adds up to 0.
3. **Variance, σ² (sigma squared).** Square what is left and take the mean:
   {tidy(variance * C)} / {C}, so **σ² = {tidy(variance)}**. Its root σ = {tidy(variance**0.5)} is
   the standard deviation.
4. **Divide** by √(σ² + ε) = √({tidy(variance)} + {plain(hand.epsilon)}) =
   **{tidy(hand.scale[0])}**. ε (epsilon) is a small constant that keeps the divisor from being 0.
5. **Gain and bias.** Multiply by the channel's own γ and add its own β."""


def _rms_norm_steps(hand: HandCalculation) -> str:
    C, square = len(hand.x), hand.variance[0]
    return f"""
1. **Square** each of the {C} numbers. No mean is subtracted first.
2. **Mean square.** Add the squares and divide by {C}: {tidy(square * C)} / {C} =
   **{tidy(square)}**.
3. **Divide** each number by √(mean square + ε) = √({tidy(square)} + {plain(hand.epsilon)}) =
   **{tidy(hand.scale[0])}**, the root mean square. ε (epsilon) is a small constant that keeps the
   divisor from being 0.
4. **Gain.** Multiply by the channel's own γ. RMSNorm has no β."""


def _batch_norm_steps(hand: HandCalculation) -> str:
    return f"""
1. **Subtract the channel's mean μ**, kept from training. Every channel has its own: channel 0 has
   {tidy(hand.mean[0])}.
2. **Divide by √(σ² + ε).** The variance σ² (sigma squared) is the channel's own too: channel 0 has
   {tidy(hand.variance[0])}, so it is divided by {tidy(hand.scale[0])}. ε (epsilon) is
   {plain(hand.epsilon)}; it keeps the divisor from being 0.
3. **Gain and bias.** Multiply by the channel's own γ and add its own β."""


def _no_norm_steps(hand: HandCalculation) -> str:
    return f"\n1. **Nothing.** All {len(hand.x)} numbers pass as they are."


_STEPS: dict[str, Callable[[HandCalculation], str]] = {
    "layernorm": _layer_norm_steps,
    "rmsnorm": _rms_norm_steps,
    "batchnorm": _batch_norm_steps,
    "none": _no_norm_steps,
}


def table_by_hand(kind: str, hand: HandCalculation, shown: int = 8) -> pd.DataFrame:
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
    if kind in ("layernorm", "batchnorm"):
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
