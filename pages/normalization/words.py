"""What the lesson that compares norms says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gpt_core.experiments.norm_axes import EPSILON, Averaged, Cell, averaged_with
from pages.layernorm.words import plain
from ui.app.lesson import Answer
from ui.show.numbers import tidy

if TYPE_CHECKING:
    from torch import Tensor

    from gpt_core.experiments.norm_surgery import Surgery
    from gpt_core.model.gpt import GPT

NAMES = {
    "layernorm": "LayerNorm",
    "rmsnorm": "RMSNorm",
    "batchnorm": "BatchNorm",
    "none": "no norm",
}


def arithmetic(norm: str, block: Tensor, cell: Cell) -> str:
    """The calculation for the chosen number, in Markdown."""
    seen, x = averaged_with(norm, block, cell), block[cell].item()
    count = int(seen.together.sum())
    if norm == "none":
        return f"Nothing is averaged: **{tidy(x)}** stays as it is."
    steps = [f"**{count}** number{'s' if count > 1 else ''} averaged together, {_which(norm)}."]
    if norm != "rmsnorm":
        steps.append(f"Their mean is μ = **{tidy(seen.mean)}**.")
        steps.append(f"The mean of the squared distances to it is σ² = **{tidy(seen.variance)}**.")
    else:
        steps.append(f"The mean of their squares is **{tidy(seen.variance)}**; no mean comes off.")
    top = tidy(x) if norm == "rmsnorm" else f"({tidy(x)} − {_bracketed(seen.mean)})"
    steps.append(
        f"{top} / √({tidy(seen.variance, 0)} + {plain(EPSILON)}) = **{tidy(seen.normalized)}**. "
        "γ and β come after that."
    )
    return "\n".join(f"{i}. {step}" for i, step in enumerate(steps, start=1)) + _alone(norm, seen)


def _which(norm: str) -> str:
    if norm == "batchnorm":
        return "all in the same channel: every token of every sequence, later ones too"
    return "all of the same token: no other token is asked"


def _alone(norm: str, seen: Averaged) -> str:
    if norm == "batchnorm" and int(seen.together.sum()) == 1:
        return (
            "\n\nThere is only one token in the batch. Every number *is* its channel's mean, so "
            "every result is 0: **nothing of the token is left**."
        )
    return ""


def _bracketed(value: float) -> str:
    return f"({tidy(value)})" if value < 0 else tidy(value)


ANOTHER, LATER, EARLIER = "another sequence", "a later token", "an earlier token"
OPTIONS = ("LayerNorm", "RMSNorm", "BatchNorm", "none of the three")


def small_models(layers: int, width: int, steps: int, seed: int, losses: str, recorded: str) -> str:
    return (
        f"Four very small GPTs ({layers} layers, {width} wide, {steps} steps, seed {seed}) that "
        f"differ in their norm alone. Held-out loss, nats per character: {losses}. "
        f":material/history: {recorded} What you see below is computed now, with these weights."
    )


NO_OTHER = "With batch size 1 there is no other sequence. Change a later token instead."

BELOW_TOKENS = (
    "Below each token: how much of the probability of the <em>next</em> one moved. "
    "Struck through: the token that was replaced. Outlined: the prediction to watch. "
    "Red: it should not have moved."
)


def percent(share: float) -> str:
    if not share:
        return "0"
    return f"{100 * share:.2f}%" if share >= 5e-5 else "&lt;0.01%"


def leak_in_words(norm: str, changed: str, train: bool, watched: float) -> str:
    mode = "training" if train else "eval"
    said = f"With **{NAMES[norm]}** in {mode} mode, "
    if changed == EARLIER:
        return said + (
            f"the watched prediction moves by {percent(watched)}. It may: an earlier token of the "
            "same sequence is what attention is for."
        )
    if not watched:
        return said + (
            f"changing {changed} moves the watched prediction by **exactly 0**: not one bit of its "
            "numbers differs."
        )
    return said + (
        f"changing {changed} moves the watched prediction by **{percent(watched)}**. Attention "
        "did not pass that on, it hides it. The mean and the variance of every channel did: the "
        "changed token is in them."
    )


HELD_OUT = "Loss on held-out text, nats per character."


def one_token(first: str, other: str, differ: float) -> str:
    return (
        "**One single token**, as when a model writes: every number is its channel's mean, and "
        f"what is left is 0. The predictions after {first} and after {other} differ by "
        f"{tidy(differ, 1e-12)}% of probability in training mode. That is why BatchNorm needs its "
        "running averages to write at all, and with them it is another function than the one "
        "that it learned with."
    )


def predicted_words(choice: str, moved: dict[str, float]) -> Answer:
    """The answer to the lesson's question, from what was just computed."""
    leaking = [NAMES[norm] for norm, share in moved.items() if share]
    right = choice == (" and ".join(leaking) if leaking else OPTIONS[-1])
    told = ", ".join(f"{NAMES[n]} {percent(s)}" for n, s in moved.items())
    return Answer(right, f"Measured just now, the prediction in the middle moved by: {told}.")


def block(B: int, T: int, C: int, channels: int) -> str:
    return (
        "The numbers are the loaded model's: its residual stream at the middle layer, of your "
        f"prompt's first {B * T} tokens as a batch of B = {B} sequences of T = {T}. Of {channels} "
        f"channels the first C = {C} are shown, and the calculation is done on these {B} × {T} × "
        f"{C} alone. A model's norm goes over all channels."
    )


def intro(norm: str, position: str) -> str:
    return (
        "Every norm does the same to a number: subtract a **mean**, divide by a typical "
        "**size**. They differ above all in *which other numbers* that mean and size are taken "
        "from, which decides what a token's result depends on. The loaded model has "
        f"**{NAMES[norm]}** ({position}-norm)."
    )


RACE = (
    "Four small GPTs, 64 wide, with the same weights to begin with and the same batches of the "
    "bundled text, one character a token. They take turns, step by step. Only the norm differs. No "
    "gradient is clipped and nothing decays, because each of those does part of a norm's work."
)

SIDES = (
    "A **pre-norm** stands before a branch, beside the stream. A **post-norm** stands in the "
    "stream, so on the way back every gradient must pass through all of them. Look at the first "
    "step, when nothing has been learned yet, and then at the last look that was kept."
)

LEARNED = (
    "After normalising, each channel is multiplied by its own γ (gamma) and gets its own β (beta). "
    "They begin at 1 and 0 and are learned. What if they may not move? Pre-norm, 4 layers, three "
    "seeds with γ and β free and three with them frozen."
)

LEAK_QUESTION = (
    "A small GPT in training mode reads 3 sequences. You change **one token near the end** of the "
    "first. Attention hides it from everything before it. With which norm does the prediction in "
    "the *middle* of that sequence move all the same?"
)

SURGERY = (
    "An operation on a living model: multiply the residual stream by ten somewhere in the middle, "
    "and let it run on. What do the branches after that still weigh, and what does the prediction "
    "say to it?"
)

TRY = (
    "Look at the race *post, no warm-up* after *post*. Which norms needed the warm-up?",
    "Choose *my own settings* and look for the largest learning rate that the model without a norm "
    "survives. Does a larger depth change it?",
    "In the leak, watch how far the prediction moves with 1, 2 and 3 sequences. Why?",
    "Multiply the stream by 10 in the loaded model, then in the small one without a norm.",
)

READING = (
    "Ioffe & Szegedy 2015, [Batch Normalization](https://arxiv.org/abs/1502.03167)",
    "Ba, Kiros & Hinton 2016, [Layer Normalization](https://arxiv.org/abs/1607.06450)",
    "Zhang & Sennrich 2019, [Root Mean Square Layer Normalization]"
    "(https://arxiv.org/abs/1910.07467)",
    "Xiong et al. 2020, [On Layer Normalization in the Transformer Architecture]"
    "(https://arxiv.org/abs/2002.04745): pre against post, gradients by layer, and warm-up",
    "Shen et al. 2020, [PowerNorm: Rethinking Batch Normalization in Transformers]"
    "(https://arxiv.org/abs/2003.07845)",
    "Wu & He 2018, [Group Normalization](https://arxiv.org/abs/1803.08494): the picture of what is "
    "averaged, for images",
)


def settings_in_words(settings: Mapping[str, Any]) -> str:
    where = {
        "pre": "a norm **before** each branch and one at the end",
        "post": "a norm **after** each addition to the stream",
    }[settings["norm_position"]]
    warmup = settings["warmup_steps"]
    said = (
        f"{settings['n_layer']} layers, {where}, learning rate {settings['learning_rate']:g}"
        + (f" reached over {warmup} steps" if warmup else " from the first step on")
        + (", γ and β **frozen** at 1 and 0" if settings["learned"] == "frozen" else "")
        + f", seed {settings['seed']}, {settings['steps']} steps. "
    )
    if settings["norm_position"] == "post":
        said += "(Without any norm, pre and post are the same model.)"
    return said


NONE_STARTED = "No contender got past its first step."


def smoothed(steps: int) -> str:
    return f"Each point is the mean of {steps} steps, each of them one batch."


def fate(reason: str, ended: bool) -> str:
    """Why it stopped, in the Trainer's own words without its advice: that is another race here."""
    if reason:
        return reason.partition(";")[0] + "."
    return "reached the end" if ended else "on its way"


NONE_ARRIVED = "Not even two of them reached the end."


def winner(first: str, second: str, gap: float, noise: float) -> str:
    """noise: how far apart the losses of one norm lie for several seeds."""
    said = (
        f"On held-out text **{NAMES[first]}** ends lowest, {gap:.3f} nats below {NAMES[second]}. "
    )
    verdict = "no more than" if gap <= noise else "more than"
    return said + (
        f"That is {verdict} what another seed alone can change: over three seeds of the first race "
        f"one and the same norm moved by up to {noise:.3f}. BatchNorm is measured in eval mode."
    )


def depth(missing: list[str]) -> str:
    return (
        "Size of the stream: the root mean square of the residual stream's numbers, of the "
        "embedding, then after every attention and MLP. Length of the gradient: of each branch's "
        "weight matrices. "
        "Both of one training batch, on logarithmic axes."
        + (f" Not there any more: {', '.join(missing)}." if missing else "")
    )


def sides_in_words(name: str, looks: Mapping[str, Any], two: Mapping[str, Any]) -> str:
    said = []
    for side, look in looks.items():
        stream, gradient = look["stream"], look["gradient"]
        said.append(
            f"- **{side}**, step {look['step']}: the stream goes from {tidy(stream[0])} to "
            f"{tidy(stream[-1])}; the gradient is {tidy(gradient[0], 0)} in the first branch and "
            f"{tidy(gradient[-1], 0)} in the last, **{tidy(gradient[-1] / gradient[0])} times** "
            "as large."
        )
    ends = [
        f"{side} {each['evaluations'][-1][1]:.3f}" for side, each in two.items()
        if each["evaluations"] and not each["reason"]
    ]  # fmt: skip
    return "\n".join(said) + (
        f"\n- Held-out loss of {name} at the end: {', '.join(ends)} nats per character."
    )


def frozen_losses(steps: int, recorded: str) -> str:
    return (
        f":material/history: Held-out loss after {steps} steps, in nats per character, for seeds "
        f"1, 2 and 3. {recorded} So did the five others."
    )


CHANNELS = "What LayerNorm's γ and β became with seed 1: lowest, mean and highest channel."


def frozen_in_words(rows: Sequence[Mapping[str, str]]) -> str:
    """Per norm, whether the three seeds agree on what freezing did."""
    said = []
    for row in rows:
        signs = {part[0] for part in row["in the three seeds"].split(", ")}
        if signs == {"+"}:
            said.append(f"**{row['norm']}**: frozen is worse with every seed")
        elif signs == {"−"}:
            said.append(f"**{row['norm']}**: frozen is *better* with every seed")
        else:
            said.append(f"**{row['norm']}**: the seeds don't agree, so nothing can be said")
    return "; ".join(said) + "."


TOO_LARGE = "The numbers grew too large for 32 bits (overflow). Choose a smaller factor."


def surgery_in_words(model: GPT, layer: int, factor: float, done: Surgery) -> str:
    from gpt_core.experiments.norm_surgery import added_share

    if factor == 1.0:
        return "×1 changes nothing. Move the factor."
    norm, pre = model.config.norm, model.config.norm_position == "pre"
    written = (done.after.added[2 * layer] / done.before.added[2 * layer].clamp_min(1e-12)).mean()
    said = (
        f"The vector of every token is multiplied by {factor:g} as it enters layer {layer}, and "
        "goes on from there through the skip connections. The weights are the same. Attention of "
        f"layer {layer} then writes vectors **{tidy(written.item())} times** as long as it did. "
    )
    if norm in ("layernorm", "rmsnorm") and pre:
        before, after = (added_share(trace, layer)[0] for trace in (done.before, done.after))
        beside = "drowned" if factor > 1 else "louder than it was"
        return said + (
            f"Its {NAMES[norm]} takes the factor out of what attention reads (but for ε), so it "
            f"writes what it always does, into a stream that is {factor:g} times as long: beside "
            f"it, **{tidy(after / max(before, 1e-12))} times** as much as before. Every later "
            f"branch is {beside} in the same way, and reads a stream in which the earlier layers "
            f"count {factor:g} times. The final norm hides the size itself: the scores stay about "
            "as large as ever, made of another mixture."
        )
    if norm == "none":
        return said + (
            "Nothing takes the factor out: attention compares vectors that are that much longer, "
            "the MLP's inputs leave the range that it learned, and the scores at the end grow with "
            "the stream, so the model is surer of itself, right or wrong."
        )
    if norm == "batchnorm":
        return said + (
            "In eval mode BatchNorm divides by the sizes it remembers from training. It doesn't "
            "notice that the stream is another size, so the factor goes through."
        )
    return said + (
        "A post-norm stands after the addition: attention reads the multiplied stream as it is, "
        "and the norm then brings the *sum* back to its usual size. So the size is gone after one "
        "branch. What is left is only what attention did otherwise with larger inputs."
    )


def surgery_caption(ours: bool) -> str:
    return (
        "Length: the mean over tokens, after every attention and MLP. Probabilities: of the token "
        "after " + ("the prompt." if ours else "a piece of held-out text.")
    )
