"""What the lesson that compares norms says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gpt_core.experiments.norm_axes import EPSILON, Averaged, Cell, averaged_with
from pages.layernorm.words import plain
from ui.app.lesson import Answer
from ui.show import numbers
from ui.show.numbers import number, tidy

if TYPE_CHECKING:
    from torch import Tensor

    from gpt_core.evaluation.paired import Difference
    from gpt_core.experiments.norm_surgery import Surgery
    from gpt_core.model.gpt import GPT

NAMES = {
    "layernorm": "LayerNorm",
    "rmsnorm": "RMSNorm",
    "batchnorm": "BatchNorm",
    "none": "no norm",
}
MOVED_TITLE = "How far each prediction moves"
ALIKE = 0.005  # bits per character: what differs by less than that is not called better
GOAL = "Say what four kinds of norm average, and what each does to a GPT that learns with it."


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
    return "all of the same token; other tokens don't matter"


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

LEAK_QUESTION = (
    "A small GPT in training mode reads these three sequences together. One token near the end of "
    "the first is **replaced**; the causal mask hides it from all before it. With which norm does "
    "the **outlined** prediction before it move all the same?"
)
QUESTION_CAPTION = "Struck through: the token that is replaced. Outlined: the prediction to watch."


def small_models(layers: int, width: int, steps: int, seed: int, losses: str, recorded: str) -> str:
    return (
        f"Four very small GPTs ({layers} layers, {width} wide, {steps} steps, seed {seed}) that "
        f"differ in their norm alone. Their loss on all held-out text, in bits per character: "
        f"{losses}. :material/history: {recorded} What you see here is computed now, with these "
        "weights."
    )


NO_OTHER = "With batch size 1 there is no other sequence. Change a later token instead."

MOVED_COLUMNS = ("sequence", "position", "token", "replaced by", "moved, %")
BELOW_TOKENS = (
    "Below each token: how much of the probability of the <em>next</em> one moved. "
    "Struck through: the token that was replaced. Outlined: the prediction to watch. "
    "Pink: it should not have moved."
)


def percent(share: float) -> str:
    """As everywhere, and short for a cell where it is next to nothing."""
    if not share:
        return "0"
    return numbers.percent(share) if share >= 5e-5 else "&lt;0.01%"


def leak_in_words(norm: str, changed: str, train: bool, watched: float) -> str:
    mode = "training" if train else "eval"
    said = f"With **{NAMES[norm]}** in {mode} mode, "
    if changed == EARLIER:
        return said + (
            f"the watched prediction moves by {percent(watched)}. It may: reading earlier tokens "
            "is what attention is for."
        )
    if not watched:
        return said + (
            f"changing {changed} moves the watched prediction by **exactly 0**: not one bit of its "
            "numbers differs."
        )
    return said + (
        f"changing {changed} moves the watched prediction by **{percent(watched)}**. The mask "
        "kept it from attention, but it is part of every channel's mean and variance."
    )


MODES = "Training mode against eval mode"
HELD_OUT = (
    "Loss on the same eight pieces of held-out text with the same weights, in bits per character."
)


def one_token(first: str, other: str, differ: float) -> str:
    return (
        "**A batch of one single token**, as when a model writes: every number is its channel's "
        f"mean, so 0 is left of it. The predictions after {first} and after {other} differ by "
        f"{tidy(differ, 1e-12)}% of probability. To write, BatchNorm needs the averages that it "
        "kept from training (eval mode), and with them it is another function than the one that "
        "learned."
    )


def predicted_words(choice: str, moved: Mapping[str, float]) -> Answer:
    """The answer to the lesson's question, from what was just computed."""
    leaking = [NAMES[norm] for norm, share in moved.items() if share]
    right = choice == (" and ".join(leaking) if leaking else OPTIONS[-1])
    told = ", ".join(f"{NAMES[n]} {percent(s)}" for n, s in moved.items())
    return Answer(right, f"Measured just now, the prediction in the middle moved by: {told}.")


def axes(norm: str, position: str) -> str:
    return (
        "Every norm divides a number by a typical **size**; LayerNorm and BatchNorm subtract a "
        "**mean** first. BatchNorm takes both from *other tokens*, channel by channel; the others "
        f"from the token itself. The loaded model has **{NAMES[norm]}**"
        + ("." if norm == "none" else f" ({position}-norm).")
    )


def block(B: int, T: int, C: int, channels: int) -> str:
    return (
        f"Your prompt's first {B * T} tokens as {B} sequences of {T}, at the middle layer; "
        f"{C} of {channels} channels. A real norm goes over all."
    )


RACE = (
    "Four small GPTs, 64 wide, learn the bundled text by characters, from the same first weights "
    "and batches."
)

SURGERY = (
    "Multiply the stream by ten in the middle of a trained model. How much do later branches "
    "still matter?"
)

TRY = (
    "Race *pre* and *post* without warm-up. Whose held-out loss suffers most?",
    "In *my own settings*: which learning rate does the model without a norm survive?",
    "In the leak, with 1, 2 or 3 sequences: when does the outlined prediction move most?",
)

SELF_TEST = (
    (
        "What do LayerNorm and RMSNorm have in common, and what not?",
        "Both use only the numbers of one token. LayerNorm subtracts their mean and divides by "
        "their standard deviation; RMSNorm subtracts nothing and divides by their root mean "
        "square.",
    ),
    (
        "Why is BatchNorm a bad fit for a GPT?",
        "In training its mean and variance contain later tokens, which the mask hides for good "
        "reason, and other sequences. Besides, these statistics change much from one batch of "
        "text to the next, and a model that writes has a batch of one token.",
    ),
    (
        "Two models end 0.02 bits apart on the same text. When may you call one better?",
        "When the interval of the paired difference doesn't contain 0: over many pieces of text "
        "for these two models, over several seeds for their designs.",
    ),
)
CAN = (
    "say which numbers each norm averages",
    "show why BatchNorm leaks and LayerNorm can't",
    "tell a difference between two models from noise",
)

READING = (
    "Ioffe & Szegedy 2015, [Batch Normalization](https://arxiv.org/abs/1502.03167)",
    "Ba, Kiros & Hinton 2016, [Layer Normalization](https://arxiv.org/abs/1607.06450)",
    "Zhang & Sennrich 2019, [Root Mean Square Layer Normalization]"
    "(https://arxiv.org/abs/1910.07467)",
    "Xiong et al. 2020, [On Layer Normalization in the Transformer Architecture]"
    "(https://arxiv.org/abs/2002.04745): pre against post, gradients by layer, and warm-up",
    "Shen et al. 2020, [PowerNorm: Rethinking Batch Normalization in Transformers]"
    "(https://arxiv.org/abs/2003.07845): how much a batch's statistics of text fluctuate",
    "Wu & He 2018, [Group Normalization](https://arxiv.org/abs/1803.08494): the picture of what is "
    "averaged, for images",
)


def settings_in_words(settings: Mapping[str, Any]) -> str:
    where = {
        "pre": "a norm **before** each branch and one at the end",
        "post": "a norm **after** each addition to the stream",
    }[settings["norm_position"]]
    said = (
        f"{settings['n_layer']} layers, {where}, {_rate(settings)}"
        + (", γ and β **frozen** at 1 and 0" if settings["learned"] == "frozen" else "")
        + f", seed {settings['seed']}, {settings['steps']} steps. "
    )
    if settings["norm_position"] == "post":
        said += "(Without any norm, pre and post are the same model.)"
    return said


def _rate(settings: Mapping[str, Any]) -> str:
    warmup = settings["warmup_steps"]
    return f"learning rate {settings['learning_rate']:g}" + (
        f" reached over {warmup} steps" if warmup else " from the first step on"
    )


NONE_STARTED = "No contender got past its first step."


def smoothed(steps: int) -> str:
    return f"A point in the curves is the mean of {steps} steps, each of them one batch. "


def fate(reason: str, ended: bool) -> str:
    """Why it stopped, in the Trainer's own words without its advice: that is another race here."""
    if reason:
        return reason.partition(";")[0] + "."
    return "reached the end" if ended else "on its way"


NOT_COMPARED = (
    "When this race was recorded, held-out losses were measured on 1,024 characters: too few to "
    "say which norm is better. Run it again to compare them."
)
TOO_FEW = "Fewer than two of them reached the end, so there is nothing to compare."


def race_results(first: str, differences: Mapping[str, Difference]) -> str:
    """Who is better in the race that is shown, on its held-out text, each against the first."""
    told = [f"- {compared(NAMES[n], NAMES[first], d)}" for n, d in differences.items()]
    return "On held-out text, with this seed:\n" + "\n".join(told)


def compared(name: str, other: str, found: Difference) -> str:
    """What a paired difference of losses in bits per character bears out, and no more."""
    who = _subject(name)
    if not found.sign:
        return (
            f"{who} can't be told from {other}: they differ by {number(found.most, '.3f')} at most."
        )
    if found.most < ALIKE:
        return f"{who} ends as {other} does: they differ by {number(found.most, '.3f')} at most."
    low, high = sorted((abs(found.low), abs(found.high)))
    return (
        f"{who} is {'worse' if found.sign > 0 else 'better'} than {other}: by "
        f"{number(abs(found.mean), '.3f')} ({number(low, '.3f')} to {number(high, '.3f')})."
    )


def _subject(name: str) -> str:
    """A contender as a sentence begins with it: “no norm is worse” would say the contrary."""
    if name == NAMES["none"]:
        return "The model **without a norm**"
    return f"**{name[0].upper()}{name[1:]}**"


def over_seeds(seeds: int, differences: Mapping[str, Difference]) -> str:
    """The same of the designs: the first race with several seeds, each difference to LayerNorm."""
    told = [f"- {compared(NAMES[n], NAMES['layernorm'], d)}" for n, d in differences.items()]
    return f"The first race, over {seeds} seeds:\n" + "\n".join(told)


JUDGED = "With other seeds, and how it was measured"


def judged_on(characters: int, pieces: int, error: float) -> str:
    return (
        "No gradient is clipped and no weight decays: that would do part of a norm's work. "
        f"Bits per character. All are judged on the same {characters:,} characters of held-out "
        f"text, in {pieces} pieces. A loss alone has a standard error of up to {error:.3f}; "
        "differences are taken piece by piece (or seed by seed), and in brackets stands their 95% "
        "interval. BatchNorm is in eval mode."
    )


SIZES = "Sizes by depth, at every step"


def depth(missing: list[str]) -> str:
    return (
        "Size of the stream: the root mean square of its numbers after the embedding and after "
        "each branch. Length of the gradient: of each branch's weight matrices. Both of one "
        "training batch, on logarithmic axes."
        + (f" Not there any more: {', '.join(missing)}." if missing else "")
    )


def sides_settings(settings: Mapping[str, Any]) -> str:
    return (
        f"Both sides: {_rate(settings)}, {settings['steps']} steps. At the other depth these "
        "settings differ as well, so don't compare the two depths."
    )


def sides_in_words(looks: Mapping[str, Mapping[str, Any]]) -> str:
    """What the two charts show: gradients along the depth, and how large they are."""
    said = []
    for side, look in looks.items():
        first, last = look["gradient"][0], look["gradient"][-1]
        said.append(
            f"- **{side}**, step {look['step']}: gradient {tidy(first, 0)} to {tidy(last, 0)}, "
            f"stream {tidy(look['stream'][0])} to {tidy(look['stream'][-1])}."
        )
    return "\n".join(said) + f"\n\n{_gradients(looks)}"


def _gradients(looks: Mapping[str, Mapping[str, Any]]) -> str:
    if len(looks) < 2:
        return ""
    steep = [side for side, look in looks.items() if _range(look["gradient"]) > 4]
    pre, post = (look["gradient"] for look in looks.values())
    ratio = math.exp(sum(math.log(a / b) for a, b in zip(pre, post, strict=True)) / len(pre))
    said = (
        f"Along the depth the gradient changes more than fourfold with {' and '.join(steep)}. "
        if steep
        else "Along the depth the gradient stays within a factor of four in both. "
    )
    if 0.5 < ratio < 2:
        return said + f"Its size is about the same (pre-norm: {tidy(ratio)} times post-norm)."
    stream = next(iter(looks.values()))["stream"][-1]
    said += f"What differs is its size: pre-norm's is {number(ratio, '.2g')} times post-norm's."
    if ratio > 2 and stream < 0.5:
        said += (
            f" Its last norm divides by the stream's size, {tidy(stream)}, and so multiplies all "
            "gradients."
        )
    return said


def _range(sizes: Sequence[float]) -> float:
    return max(sizes) / min(sizes)


def sides_ended(name: str, ended: Mapping[str, float], found: Difference | None) -> str:
    """ended: bits per character by side. found: post minus pre."""
    told = ", ".join(f"{side} {loss:.3f}" for side, loss in ended.items())
    said = f"{name}'s held-out loss at the end, in bits per character: {told}. "
    return said + (compared("post-norm", "pre-norm", found) if found else "")


def only_counted(side: str, loss: float, counting: float) -> str:
    """counting: what is reached by how often each character comes, and nothing else."""
    if loss < counting - 0.05:
        return ""
    return (
        f"{_subject(side)} has learned no more than how often each character comes: {counting:.3f}."
    )


def learned(seeds: int) -> str:
    return (
        "After the division each channel has its own factor γ (gamma) and summand β (beta), 1 and "
        f"0 at first. Does it matter that they can be learned? {seeds} seeds with γ and β free, "
        "the same ones with them frozen."
    )


def frozen_losses(steps: int, recorded: str) -> str:
    return (
        f":material/history: Held-out loss after {steps} steps, in bits per character, mean of the "
        f"seeds; in brackets the 95% interval over the seeds. {recorded} The other runs took about "
        "as long."
    )


CHANNELS = "What LayerNorm's γ and β became with seed 1: lowest, mean and highest channel."


def frozen_in_words(found: Mapping[str, Difference]) -> str:
    """Per norm, what freezing did over the seeds, as far as they bear it out."""
    told = (f"**{NAMES[norm]}**: {_frozen(each)}" for norm, each in found.items())
    return "; ".join(told) + "."


def _frozen(found: Difference) -> str:
    if not found.sign:
        return f"the seeds show no clear difference ({found.most:.3f} at most)"
    better = "worse" if found.sign > 0 else "better"
    return f"frozen is {better}, by {abs(found.mean):.3f}"


def interval(found: Difference) -> str:
    """0.012 (0.003 to 0.021), with signs."""
    low, high = number(found.low, "+.3f"), number(found.high, "+.3f")
    return f"{number(found.mean, '+.3f')} ({low} to {high})"


TOO_LARGE = "The numbers grew too large for 32 bits (overflow). Choose a smaller factor."


def surgery_in_words(model: GPT, layer: int, factor: float, done: Surgery) -> str:
    if factor == 1.0:
        return "×1 changes nothing. Move the factor."
    norm, pre = model.config.norm, model.config.norm_position == "pre"
    said = (
        f"The stream is multiplied by {factor:g} as it enters layer {layer}, whose attention then "
        f"writes vectors {_as_long(done, layer)}. "
    )
    if norm in ("layernorm", "rmsnorm") and pre:
        return said + _hidden(norm, layer, factor, done)
    if norm == "none":
        return said + (
            "Nothing takes the factor out: inputs leave the range that was learned, and the logits "
            "grow with the stream, so the model is more certain, right or wrong."
        )
    if norm == "batchnorm":
        return said + (
            "In eval mode BatchNorm divides by the sizes that it kept from training. They don't "
            "change with the stream, so the factor goes through."
        )
    return said + (
        "A post-norm stands after the sum: attention reads the multiplied stream as it is, and "
        "the norm then brings the *sum* back to its usual size. After one branch the factor is "
        "gone. What is left is what attention did differently with larger inputs."
    )


def _as_long(done: Surgery, layer: int) -> str:
    written = (done.after.added[2 * layer] / done.before.added[2 * layer].clamp_min(1e-12)).mean()
    if abs(written.item() - 1) < 5e-3:
        return "of the same length as before"
    return f"**{tidy(written.item())} times** as long as before"


def _hidden(norm: str, layer: int, factor: float, done: Surgery) -> str:
    """What a pre-norm that divides by the present size makes of the factor."""
    from gpt_core.experiments.norm_surgery import added_share

    before, after = (added_share(trace, layer)[0] for trace in (done.before, done.after))
    matter = "less" if factor > 1 else "more"
    return (
        f"Its {NAMES[norm]} takes the factor out (but for ε). Beside the stream these count "
        f"**{tidy(after / max(before, 1e-12))} times** as much as before; later branches matter "
        f"{matter}, too. The final norm hides the size: the logits come from another mixture."
    )


def surgery_caption(ours: bool) -> str:
    return "Length: the mean over tokens. Probabilities: after " + (
        "the prompt." if ours else "a piece of held-out text."
    )
