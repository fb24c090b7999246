"""What the Fine-tuning lesson says. Every finding is read from the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median_low
from typing import TYPE_CHECKING, Any

from gpt_core.evaluation.paired import Difference, paired
from ui.app.lesson import Answer
from ui.show.names import as_text
from ui.show.numbers import counted, number, percent, sure_and_wrong

if TYPE_CHECKING:
    from gpt_core.interpret.weight_change import WeightChange
    from gpt_core.model.config import GPTConfig

BITS = 1 / math.log(2)  # of a nat
WAYS = {"all": "all weights", "last": "the last block", "lora": "LoRA", "new": "a new model"}
SIDES = {"new": "new text", "old": "old text"}
LITTLE = 0.1  # bits per token: a change of the loss that is not worth speaking of

GOAL = "Say what a trained model learns from a second text, what it forgets, and what LoRA changes."
INTRO = (
    "A model was trained on one text, and now it is to know another. Nobody starts over for that. "
    "One goes on from the weights that are there, with a few steps more: "
    "**fine-tuning**. Here the model at the top learns a second text in three ways. *All "
    "weights*: each may move. *The last block*: only the last layer and the norm after it move. "
    "*LoRA*: every weight stays, and beside each matrix of the layers two thin ones are learned. "
    "A *new model* of the same design begins with new weights and reads the same batches."
)


def question(found: dict[str, Any]) -> str:
    """What to predict, with what is known before."""
    old, new = (before(found, side) for side in ("old", "new"))
    return (
        f"Before anything is trained, the model's loss is {number(old)} bits per token on its old "
        f"text and {number(new)} on the new one, {found['new']}; guessing blindly costs "
        f"{number(math.log2(found['vocabulary']))}. Now **all weights** are trained "
        f"on the new text for {found['steps']} steps. Nothing of the old text is read meanwhile. "
        "What becomes of the loss on the **old** text?"
    )


STAYS = "it stays, or falls"
RISES = "it rises, but not as high as a new model's"
ABOVE = "it rises above that of a new model, which never saw the old text"
GUESSES = (STAYS, RISES, ABOVE)


def judged(guess: str, found: dict[str, Any]) -> Answer:
    """Which of the three it is, by the losses."""
    first, last = before(found, "old"), end(found, "all", "old")
    other = end(found, "new", "old")
    truth: str | None = STAYS if last - first <= LITTLE else ABOVE if last > other else RISES
    gap = _against(found, "all", "new", "old")
    if STAYS not in (truth, guess) and (gap is None or not gap.sign):
        truth = None  # which of the two is higher isn't shown
    why = (
        f"On the old text the loss goes from {number(first)} to {number(last)} bits per token; the "
        f"new model, which read the same batches, ends at {number(other)} there."
    )
    if truth is None:
        shown = f"({_interval(gap)})" if gap else "by one seed"
        return Answer(None, f"{why} Which of the two is higher can't be told {shown}.")
    return Answer(guess == truth, why)


def before(found: dict[str, Any], side: str) -> float:
    """Loss before the first step, in bits per token."""
    return found["curves"]["all"][side][0][0] * BITS


def ends(found: dict[str, Any], way: str, side: str) -> list[float]:
    """Loss after the last step, in bits per token, for each seed."""
    return [losses[-1] * BITS for losses in found["curves"][way][side]]


def end(found: dict[str, Any], way: str, side: str) -> float:
    """The same on average."""
    return fmean(ends(found, way, side))


def _against(found: dict[str, Any], one: str, other: str, side: str) -> Difference | None:
    """How much higher one way ends than another; None where there are too few seeds to say."""
    ours, theirs = ends(found, one, side), ends(found, other, side)
    return paired(ours, theirs) if len(ours) >= 3 else None


def _level(difference: Difference) -> str:
    """What a difference allows to say that isn't shown: at most so much, or nothing."""
    if difference.most < LITTLE:
        return f"as much, within {number(difference.most)} bits ({_interval(difference)})"
    return f"more, less or as much: that can't be told ({_interval(difference)})"


def _interval(difference: Difference) -> str:
    low, high = (number(n, "+.2f") for n in (difference.low, difference.high))
    return f"95% interval {low} to {high}"


ONE_SEED = (
    "This is one seed: another one would end elsewhere, and nobody can say by how much. Take three "
    "before you call one way better."
)


def learned(found: dict[str, Any]) -> str:
    """What each way learned, and whether it helped to have been trained before."""
    ways = ", ".join(f"{WAYS[way]} {number(end(found, way, 'new'))}" for way in WAYS)
    first, guessing = before(found, "new"), math.log2(found["vocabulary"])
    said = f"**Learned.** On the new text the loss was {number(first)} bits per token"
    if sure_and_wrong(first, guessing):
        said += (
            f", more than guessing costs (log₂ {found['vocabulary']:,} = {number(guessing)}): the "
            "model was sure of what comes next, and wrong"
        )
    said += f". After {found['steps']} steps: {ways}. "
    worse = [WAYS[way] for way in ("all", "last", "lora") if end(found, way, "new") > first]
    if worse:
        said += f"Higher than before, so **nothing** of it was learned: {', '.join(worse)}. "
    gain = _against(found, "all", "new", "new")
    if gain is None:
        return said + ONE_SEED
    if gain.sign < 0:
        return said + (
            f"The trained model is ahead of the new one ({number(gain.mean, '+.2f')} bits, "
            f"{_interval(gain)}): what it knew before helps it here."
        )
    if gain.sign > 0:
        return said + (
            f"The new model is even ahead ({_interval(gain)} for the trained one's lag): to begin "
            "with what the trained one knew is no help here, at these rates and in so few steps."
        )
    if gain.most < LITTLE:
        return said + (
            f"The trained model and the new one end alike, within {number(gain.most)} bits "
            f"({_interval(gain)}): what it knew before hardly helps here."
        )
    return said + f"Whether having been trained before helps can't be told ({_interval(gain)})."


def forgot(found: dict[str, Any]) -> str:
    """What each way lost on the old text."""
    first = before(found, "old")
    rises = {way: end(found, way, "old") - first for way in ("all", "last", "lora")}
    told = ", ".join(f"{WAYS[way]} {number(rise, '+.2f')}" for way, rise in rises.items())
    said = f"**Forgotten.** On the old text the loss changed by, in bits per token: {told}. "
    guessing = math.log2(found["vocabulary"])
    if not _knew(found):
        said += (
            f"There was nothing to forget: before, the loss was {number(first)}, and guessing "
            f"costs {number(guessing)}."
        )
        wrong = max(rises.values()) > LITTLE and sure_and_wrong(
            first + max(rises.values()), guessing
        )
        return said + (
            " Where it rose, the model has become sure of what comes next, and wrong."
            if wrong
            else ""
        )
    if not _forgotten(found, *rises):
        return said + "Here nothing worth speaking of was forgotten."
    return said + (
        "That is **forgetting**: no step asked what it costs on the old text, so the weights moved "
        "as if there were none."
    )


def _forgotten(found: dict[str, Any], *ways: str) -> bool:
    """Whether any of some ways lost more on the old text than is worth speaking of."""
    most = max(end(found, way, "old") for way in ways)
    return _knew(found) and most - before(found, "old") > LITTLE


def _knew(found: dict[str, Any]) -> bool:
    """Whether the model was better than guessing on its old text, before."""
    return before(found, "old") < math.log2(found["vocabulary"]) - LITTLE


def lora_against_all(found: dict[str, Any]) -> str:
    """Whether LoRA learns less and forgets less, by pairs of seeds."""
    counts = found["trained"]
    share = counts["lora"] / counts["all"]
    said = (
        f"**LoRA against all weights.** It trains {counts['lora']:,} numbers instead of "
        f"{counts['all']:,}, {number(100 * share, '.2g')}% of them. "
    )
    new, old = (_against(found, "lora", "all", side) for side in ("new", "old"))
    if new is None or old is None:
        return said + ONE_SEED
    learns = {
        1: f"it learns less ({number(new.mean, '+.2f')} bits, {_interval(new)})",
        -1: f"it even learns more ({number(new.mean, '+.2f')} bits, {_interval(new)})",
        0: f"it learns {_level(new)}",
    }[new.sign]
    forgot_any = _forgotten(found, "all", "lora")
    forgets = {
        1: f"it forgets more ({number(old.mean, '+.2f')}, {_interval(old)})",
        -1: f"it forgets less ({number(old.mean, '+.2f')}, {_interval(old)})",
        0: f"it forgets {_level(old)}",
    }[old.sign]
    if not forgot_any:
        forgets = "neither forgets anything worth speaking of"
    seeds = counted(found["seeds"], "seed")
    return (
        f"{said}Over {seeds}, pair by pair: on the new text {learns}; on the old text {forgets}. "
        + _trade(new, old, forgot_any)
    )


def _trade(new: Difference, old: Difference, forgot_any: bool) -> str:
    if new.sign > 0 and old.sign < 0 and forgot_any:
        return (
            "*LoRA learns less and forgets less* is what was found for large models as well "
            "(Biderman et al. 2024)."
        )
    return (
        "For large models it was found to learn less and to forget less (Biderman et al. 2024). "
        "These numbers don't show both. They hold for this model, these rates and this many steps."
    )


def about_rates(found: dict[str, Any]) -> str:
    """With which settings it was done."""
    rates = ", ".join(f"{WAYS[way]} {number(found['rates'][way], '.2g')}" for way in WAYS)
    sequences, length = found["batch"]
    said = (
        f"AdamW, {sequences} × {length} tokens a step, a learning rate that falls to 0 ({rates}), "
        f"LoRA of rank {found['rank']}. Measured on {found['old']} ({found['tokens']['old']:,} "
        f"tokens) and on unseen text of {found['new']} ({found['tokens']['new']:,} tokens). "
    )
    if found["seeds"] > 1:
        said += "Bars reach from the lowest to the highest seed. "
    if found["unknown"]:
        said += (
            f"The tokenizer doesn't know {number(100 * found['unknown'], '.2g')}% of the new "
            "text and reads all of that as one token: which word or character it was costs "
            "nothing, so the loss on the new text is too low. "
        )
    return said


# What the lesson's rate for all weights learned less than the best one in the trial, with three
# seeds: the mean and its 95% interval (docs/measurements.md).
BEHIND = Difference(0.051, 0.006, 0.095)


def how_rates(behind: Difference) -> str:
    """How the rates were chosen, and whether the first of them is the best that was tried."""
    said = (
        "The rates come from a trial on the bundled model, scaled with the width of others. It "
        "read a part of the training text, with seeds that are none of those shown. Of five "
        "or six rates each way has the one that learned the new text best"
    )
    if behind.sign > 0:
        said += (
            "; only for all weights another was better still, by "
            f"{number(behind.mean, '.3f')} bits per token "
            f"(95% interval {number(behind.low, '.3f')} to {number(behind.high, '.3f')})"
        )
    elif behind.most < 0.01:
        said += ", or one that did as well, within a hundredth of a bit"
    else:
        said += (
            f", or one that can't be told from the best (at most {number(behind.most, '.3f')} bits "
            "per token behind)"
        )
    return said + ". A smaller rate would learn less and forget less."


def table(found: dict[str, Any]) -> dict[str, list[str]]:
    """Columns: way, numbers trained, loss on both texts in bits per character."""
    columns: dict[str, list[str]] = {"trained": [], "numbers": []}
    columns |= {f"{SIDES[side]}, bits per character": [] for side in SIDES}
    rows = {"before": None} | {name: way for way, name in WAYS.items()}
    for name, way in rows.items():
        columns["trained"].append(name)
        columns["numbers"].append(f"{found['trained'][way]:,}" if way else "0")
        for side, title in SIDES.items():
            nats = (before(found, side) if way is None else end(found, way, side)) / BITS
            columns[f"{title}, bits per character"].append(
                number(nats * found["bits_per_nat"][side], ".3f")
            )
    return columns


WRITTEN = (
    "The same beginning, the same random numbers (temperature 0.8, seed 1); only the weights "
    "differ. The first row is the model as it was."
)
PROMPTS = {
    "old": "after a beginning from the **old** text",
    "new": "after a beginning from the **new** text",
}

CHANGED = (
    "A change is a matrix too: the weights after training minus the weights before. Its **size** "
    "is its length over the length of the matrix it changes (the root of the sum of all squares, "
    "both times). Its **rank** says in how many directions it works: it turns what goes in, "
    "multiplies by a few numbers, the **singular values**, and turns again. Where most of them "
    "are zero, the change is narrow."
)


def where(changes: Sequence[WeightChange], way: str) -> str:
    """Where the change is largest, and how narrow it is."""
    moved = [c for c in changes if c.relative > 0]
    if not moved:
        return "Nothing has changed in these matrices."
    most, least = max(moved, key=_size), min(moved, key=_size)
    widths = [c.directions for c in moved]
    ranks = [c.rank for c in moved]
    far, near = (percent(each.relative) for each in (most, least))
    said = (
        f"Of {counted(len(changes), 'matrix') if len(changes) == 1 else f'{len(changes)} matrices'}"
        f", {len(moved)} changed. Most: **{place(most)}**, by {far} of its length. "
        f"Least: {place(least)}, {near}. Half of the changed ones "
        f"hold 90% of their change (of its squared length) in {median_low(ranks)} directions or "
        f"fewer, of up to {max(widths)}. "
    )
    if way == "lora":
        said += "LoRA can't use more directions than its rank; that is how it was made. "
    return said


def _size(change: WeightChange) -> float:
    return change.relative


def place(change: WeightChange) -> str:
    """A matrix in words."""
    return change.part if change.layer is None else f"{change.part} of layer {change.layer}"


def narrow(changes: dict[str, WeightChange]) -> str:
    """One matrix's change by all weights and by LoRA, by its singular values."""
    everything, thin = changes["all"], changes["lora"]
    name = place(everything)
    said = (
        f"**{name[0].upper()}{name[1:]}.** Trained with all weights, 90% of its change lies in "
        f"{counted(everything.rank, 'direction')} of {everything.directions} (the "
        f"{len(everything.values)} largest singular values are drawn). "
    )
    if not thin.rank:
        return said + "LoRA doesn't touch this matrix."
    return said + (
        f"LoRA's lies in {counted(thin.rank, 'direction')}; beyond its rank its curve ends."
    )


FORMULA = (
    "A linear layer multiplies by a matrix $W$ with as many rows as numbers come out and as many "
    "columns as go in. LoRA freezes $W$ and learns two thin matrices, $A$ with $r$ rows and $B$ "
    "with $r$ columns:\n\n"
    "$$\ny = x W^\\top + b + \\frac{\\alpha}{r}\\,(x A^\\top) B^\\top\n$$\n\n"
    "$B$ begins with zeros, so before the first step nothing has changed. In the end "
    "$\\frac{\\alpha}{r} B A$ is added to $W$, and the model is as large and as fast as before. "
    "$\\alpha$ is a fixed number (here 16)."
)


def counted_ranks(config: GPTConfig, rank: int, lora: int, whole: int) -> str:
    """What a rank means for this model, with one matrix as the example."""
    wide, tall = config.n_embd, 3 * config.n_embd
    return (
        f"The matrix of queries, keys and values of a layer has {tall:,} rows and {wide:,} columns "
        f"here: {tall * wide:,} numbers. With rank {rank} its adapter has {rank} · ({wide:,} + "
        f"{tall:,}) = {rank * (wide + tall):,}. All adapters of this model together: **{lora:,}**, "
        f"where the model has {whole:,} parameters. "
        + (
            "An adapter this thick saves nothing."
            if lora >= whole
            else f"That is one number for every {number(whole / lora, '.3g')}."
        )
    )


OWN = "Your own run"


def own(start: str) -> str:
    """What is shown of a run that went on from another model."""
    return f"The model at the top went on from **{as_text(start)}**. Where it changed:"


def no_own(imported: bool) -> str:
    """Why there is no change to show, and how to get one."""
    began = "came here already trained" if imported else "was trained from new weights"
    return f"The model at the top {began}. {HOW_OWN}"


HOW_OWN = (
    "Tune it on a text of your own: in the "
    "Training lesson, choose *Start from: this model*. Then choose the new run at the top, and "
    "this part shows where it has changed."
)
START_GONE = (
    "This run went on from another model, and the weights it began with are not here any more: "
    "there is nothing to compare with."
)

TRY = (
    "Choose *shopping lists* as the second text. Its lists draw on 160 words. Which way learns it "
    "soonest, and what is left of the old text?",
    "In Training, choose *Start from: this model* and a text of two pages. At which step does the "
    "validation curve turn up?",
    "Tune with LoRA and rank 1. Then take the rank that has the most numbers. Is the new text "
    "learned better?",
    "On a command line: `python -m gpt_core train --from bundled --text my.txt --tune lora`.",
)
QUESTIONS = (
    (
        "A matrix has 1,000 rows and 500 columns. How many numbers does LoRA learn with rank 4?",
        "4 · (1,000 + 500) = 6,000, instead of 500,000.",
    ),
    (
        "Why does LoRA change nothing before its first step?",
        "B is all zeros, so the product B A is zero, whatever A holds.",
    ),
    (
        "A model was tuned on letters and now writes scripts badly. Which two measures would you "
        "try?",
        "Mix some of the old text into the batches, so that forgetting costs something. Or take "
        "smaller or fewer steps, or train less of the model, and measure both losses as you go.",
    ),
)
ABILITIES = (
    "tell what a model learned from what it forgot, by two losses",
    "count what LoRA trains, and say what its rank bounds",
    "go on from any model here with a text of your own",
)
READING = (
    "Hu et al. 2021, [LoRA](https://arxiv.org/abs/2106.09685): low-rank adaptation, and what rank "
    "is enough",
    "Biderman et al. 2024, [LoRA Learns Less and Forgets Less](https://arxiv.org/abs/2405.09673)",
    "McCloskey & Cohen 1989, *Catastrophic Interference in Connectionist Networks*: where "
    "forgetting was first seen",
    "Howard & Ruder 2018, [ULMFiT](https://arxiv.org/abs/1801.06146): fine-tuning a language "
    "model, layer by layer",
    "Dettmers et al. 2023, [QLoRA](https://arxiv.org/abs/2305.14314): adapters beside a quantized "
    "model",
)

CURVE_ALT = {
    "new": "Loss on the new text by step, for each way of training",
    "old": "Loss on the old text by step, for each way of training",
}
SIZES_ALT = "Size of the change of each matrix, layer by layer"
VALUES_ALT = "Singular values of one matrix's change, all weights against LoRA"
OWN_ALT = "Size of the change of each matrix of your own run"
RUN_IT = "Nobody has tuned this model here yet. Start it; the question comes with the result."
