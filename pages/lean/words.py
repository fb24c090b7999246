"""What the lesson on lean models says. Every finding is read from the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor
from statistics import fmean
from typing import Any

from gpt_core.evaluation.paired import Difference
from gpt_core.model.codes import GROUP
from pages.lean.results import Rounding
from ui.app.lesson import Answer
from ui.show.duration import duration
from ui.show.numbers import counted, number, percent, rate

PLAIN, CHANNEL, TENSOR, GPTQ = "float32", "int8 per channel", "int8 per tensor", "int4 by GPTQ"
NEAREST4 = "int4 in groups"
Found = Mapping[str, Any]

GOAL = "Make a trained model smaller or faster, and say what each way costs, with its error bar."
INTRO = (
    "A trained model is a long list of numbers. Each is kept with 32 bits: enough for seven "
    "digits. Does it need them? **Quantization** keeps fewer bits: every weight is moved to the "
    "nearest point of a coarse **grid**. A point is a small whole number times a **scale**."
)
TASK = (
    "**Try it:** multiply the largest channel and watch the grid. The lines below the bars are all "
    "the values that a weight of one middle channel can have afterwards."
)
GRIDS_SAID = {
    TENSOR: "255 points; one scale for the whole matrix",
    CHANNEL: "255 points; each channel (row) has its own scale",
    NEAREST4: f"15 points; every {GROUP} neighbours in a row have their own scale",
}
WEIGHTS_NAME, GRID_NAME, CHOSEN = "weights of the matrix", "points of the grid", "chosen share"
PRUNED_AXIS = "removed, %"
LOSS_AXIS = "bits per character, held-out text"
ERROR_AXES = ("error of the weights, %", "error of the layer's results, %")
KINDS = {
    "weights": "single weights, smallest first",
    "neurons": "neurons, by what they add",
    "heads": "heads, by what they are worth",
}
MODELS = {"this": "this model", "large": "a large one"}
STEP_NAME, FLOOR_NAME = "a step takes", "reading its weights takes"
MILLISECONDS = "milliseconds for one token"
_NAMES = {
    PLAIN: "plain (float32)",
    NEAREST4: f"int4, groups of {GROUP}",
    GPTQ: f"int4, groups of {GROUP}, GPTQ",
    "half of the weights": "half of the weights zero",
    "a quarter of the neurons": "a quarter of the neurons cut",
    "a quarter of the heads": "about a quarter of the heads cut",
}
QUARTER_OF_HEADS = "a quarter of the heads"
HALF = 0.5  # of what could be pruned
# Of speeds, by where a model lies in memory, which lasts all rounds. The bundled model in int4
# groups, laid there anew twelve times, was 0.97 to 1.23 times as fast as the plain one (medians).
LUCK = 0.15
PRUNED = {"weights": "single weights zero", "neurons": "neurons cut", "heads": "heads cut"}
STUDENTS = {
    "plain": "the teacher, this model",
    "text": "student, the text alone",
    "teacher": "student, with the teacher",
}
HISTOGRAM_ALT = "Histogram of a matrix's weights, with the points of its grid below"
ERRORS_ALT = "Error of each matrix of the blocks, a dot for each way of rounding"
PRUNING_ALT = "Loss against the share that was removed, a line for each kind, with error bars"
CACHE_ALT = "Time for the next token against its position, with and without a KV cache"
WAITING_ALT = "Time of a step, and of reading its weights once, for a small and a large model"


def name_of(kind: str) -> str:
    """What a page calls a way of keeping the model."""
    return _NAMES.get(kind, kind)


_MATRICES = {
    "qkv": "q, k and v",
    "proj": "attention output",
    "up": "MLP up",
    "gate": "MLP gate",
    "down": "MLP down",
}


def short_matrix(name: str) -> str:
    """“layer 0, q, k and v” for the name of a parameter."""
    parts = name.removesuffix(".weight").split(".")
    if parts[0] == "blocks":
        return f"layer {parts[1]}, {_MATRICES.get(parts[-1], parts[-1])}"
    return {"wte": "token embedding", "wpe": "position embedding"}.get(parts[0], "output layer")


def amount(nbytes: float) -> str:
    """Bytes in a unit that is read at once: 1 MB is a million."""
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if nbytes >= size:
            return f"{number(nbytes / size, '.3g')} {unit}"
    return f"{number(nbytes, '.0f')} bytes"


def interval(values: Sequence[float], form: str = ".4f") -> str:
    """“0.3012 (0.2890 to 0.3140)”."""
    value, low, high = (number(v, form) for v in values)
    return f"{value} ({low} to {high})"


# ---- Rounding ----


def on_the_grid(found: Rounding, grid: str) -> str:
    """What the picture shows of one matrix."""
    rows, columns = found.shape
    return (
        f"{rows} × {columns} weights. On this grid a weight of channel {found.channel} uses "
        f"**{found.levels} of {found.possible}** points"
        f"{f' (its first {GROUP} weights)' if grid == NEAREST4 else ''}. Error of the whole "
        f"matrix: {percent(found.error)} of its size."
    )


def outlier(found: Rounding, factor: float) -> str:
    """What one large channel does to the others, on the three grids."""
    tensor, channel = (found.others[name] for name in (TENSOR, CHANNEL))
    group = found.others[NEAREST4]
    said = (
        f"Error of **all other channels**: {percent(tensor)} with one scale for the matrix, "
        f"{percent(channel)} with a scale each, {percent(group)} with four bits in "
        "groups. "
    )
    if factor > 1 and tensor > 2 * channel:
        return said + (
            f"The largest channel was made {number(factor, 'g')} times as large. A shared scale "
            "stretches to reach it, and everybody else's grid gets coarser. **A scale each keeps "
            "the harm in one row.** Large models have such outliers by themselves (Dettmers et "
            "al. 2022)."
        )
    if tensor > 2 * channel:
        return said + "Here one scale for all is already worse: this matrix has a large channel."
    return said + (
        f"One scale for all costs {number(tensor / channel, '.2g')} times the error of a scale "
        "each: no channel is much larger than the others."
        if channel
        else "Both grids of eight bits hold these weights exactly."
    )


QUESTION = (
    "With **8 bits** a weight and a scale for each channel, the model takes about a quarter of "
    "the bytes. What happens to its loss on held-out text?"
)
UNSEEN, LITTLE, MUCH = (
    "no rise that can be shown", "a clear rise, below 1%", "a clear rise, 1% or more",
)  # fmt: skip
OPTIONS = (UNSEEN, LITTLE, MUCH)
SWITCHES = (
    "Every row is the same model, kept or run in another way. **Speed** is measured by writing "
    "the same number of tokens in turns with the plain model, batch 1, with one thread; "
    "the range is from the slowest to the fastest round. **Loss** is on held-out text, with a 95% "
    "interval. **Rise** is the difference to the plain model on the same pieces, which is far "
    "surer than either loss. The plain model is timed against itself, too: how far that is from "
    "× 1 is luck, and says how much to believe of the others."
)
WITHIN = "Compare speeds within one table: each table was measured at another moment."
LUCK_SAID = (
    "Where a model lies in memory stays the same in all rounds and can alone make more than a "
    "tenth of difference. So “faster” is said only where every round is above "
    f"×\N{NO-BREAK SPACE}{1 + LUCK:g}, "
    f"“slower” only where every round is below ×\N{NO-BREAK SPACE}{1 - LUCK:g}."
)
FOUR_TITLES = {
    "precision": "Plain and one way beside it",
    "pruned": "Pruned, before healing",
    "healed": "Pruned and healed",
    "distilled": "Teacher and students",
}
FOUR = "Which one is beside the plain model"
METHOD = (
    "**GPTQ** (Frantar et al. 2023) rounds one column after the other. What a column's rounding "
    "breaks, the columns still to come make up for: they are shifted first and rounded later. To "
    "know how, it looks at what the layer reads on a little text."
)


def case_of(fit: Sequence[float], loss: float) -> str:
    """Which of the three answers a rise [value, low, high] above a loss gives."""
    if fit[1] <= 0:
        return UNSEEN
    return LITTLE if fit[0] < 0.01 * loss else MUCH


def judged(guess: str, found: Found | None) -> Answer:
    """Whether the guess about int8 holds, by the measured rise."""
    if found is None:
        return Answer(None, "Of this model nothing is measured yet: the button below does it.")
    plain, small = found["kinds"][PLAIN], found["kinds"][CHANNEL]
    case = case_of(small["rise"], plain["loss"][0])
    why = (
        f"The rise is {interval(small['rise'], '+.5f')} bits per character above "
        f"{number(plain['loss'][0], '.4f')}. "
    )
    why += {
        UNSEEN: "The interval reaches 0 or below, so no harm was shown.",
        LITTLE: "The whole interval is above 0, and the rise is less than a hundredth.",
        MUCH: "The whole interval is above 0, and the rise is a hundredth or more.",
    }[case]
    return Answer(guess == case, why)


def switch_rows(found: Found) -> list[dict[str, str]]:
    """The table of all ways."""
    plain = found["kinds"][PLAIN]
    return [
        {
            "kept or run as": name_of(name),
            "bytes": amount(kind["bytes"]),
            "of plain": f"{100 * kind['bytes'] / plain['bytes']:.0f}%",
            "speed": f"× {interval(kind['speed'], '.2f')}",
            "bits per character": interval(kind["loss"]),
            "rise": "–" if name == PLAIN else interval(kind["rise"], "+.5f"),
        }
        for name, kind in found["kinds"].items()
    ]


def side_by_side(kinds: Mapping[str, Found]) -> dict[str, list[str]]:
    """Columns of a table: size, speed and loss of each of some ways, by their names.

    The first is the plain model, which the others' speed is a multiple of.
    """
    columns, plain = {"": ["bytes", "speed", "bits per character"]}, next(iter(kinds.values()))
    for name, kind in kinds.items():
        size, speed = amount(kind["bytes"]), f"× {interval(kind['speed'], '.2f')}"
        if kind is plain:
            speed = f"× 1 ({rate(kind['rate'])} tokens/s)"
        else:
            size += f", {100 * kind['bytes'] / plain['bytes']:.0f}%"
        columns[name] = [size, speed, interval(kind["loss"], ".4f")]
    return columns


def is_faster(speed: Sequence[float]) -> bool:
    """Whether every round of [median, lowest, highest] was faster by more than luck."""
    return speed[1] > 1 + LUCK


def is_slower(speed: Sequence[float]) -> bool:
    """Whether every round was slower by more than luck."""
    return speed[2] < 1 - LUCK


def speed_said(speed: Sequence[float]) -> str:
    """Whether a ratio of speeds was one-sided in all rounds, by more than luck."""
    value, low, high = speed
    if is_faster(speed):
        return f"faster in every round, {number(value)} times"
    if is_slower(speed):
        return f"slower in every round, {number(1 / value)} times"
    return f"not shown to be faster or slower: ×\N{NO-BREAK SPACE}{interval(speed, '.2f')}"


def rise_said(rise: Sequence[float], loss: float) -> str:
    """What a rise [value, low, high] allows to say."""
    if not any(rise):
        return "exactly the same loss"
    if rise[1] > 0 and rise[0] > loss:
        return f"a clear rise, to {number(1 + rise[0] / loss, '.2g')} times the loss"
    if rise[1] > 0:
        return f"a clear rise of {number(100 * rise[0] / loss, '.2g')}%"
    if rise[2] < 0:
        return f"even a clear fall, by {number(-100 * rise[0] / loss, '.2g')}%"
    if not rise[2]:
        return "no rise"
    return f"no rise that can be shown (at most {number(100 * rise[2] / loss, '.2g')}%)"


def switched(kind: str, found: Found) -> str:
    """One way beside the plain model, in a sentence."""
    plain, this = found["kinds"][PLAIN], found["kinds"][kind]
    share = 100 * this["bytes"] / plain["bytes"]
    said = f"**{name_of(kind)}**: {share:.0f}% of the bytes; {speed_said(this['speed'])}; "
    said += rise_said(this["rise"], plain["loss"][0]) + ". "
    if kind == QUARTER_OF_HEADS:
        said += f"Gone: {part_of(0.25, 'heads', found)}. "
    return (said + CAVEATS.get(kind, "")).rstrip()


CAVEATS = {
    "bfloat16": "It needs instructions for this format to be fast; many processors have none.",
    "half of the weights": (
        "A zero takes as many bytes and as long to multiply as any number, unless zeros are left "
        "out of the file and skipped by the program. That pays when most are zero."
    ),
    "a quarter of the heads": "They are really cut out: the matrices are smaller.",
    "a quarter of the neurons": "They are really cut out: the matrices are smaller.",
    "no KV cache": "The numbers are the same. Only the work is done again for every token.",
}


def best(found: Found) -> str:
    """The fewest bytes without harm that could be shown."""
    plain = found["kinds"][PLAIN]
    harmless = {n: k for n, k in found["kinds"].items() if k["rise"][1] <= 0}
    name = min(harmless, key=lambda n: harmless[n]["bytes"])
    share = 100 * harmless[name]["bytes"] / plain["bytes"]
    if share > 99:
        return "Every way that saves bytes here makes the loss rise by more than luck explains."
    said = (
        f"Fewest bytes without a rise that can be shown: **{name_of(name)}**, {share:.0f}% of the "
        f"plain model's: {rise_said(harmless[name]['rise'], plain['loss'][0])}. "
    )
    if harmless[name]["rise"][2] > 0:
        said += (
            "That none is shown doesn't mean that there is none: a wide interval hides a rise that "
            "a narrow one shows. "
        )
    return said + f"All on {found['what']}, {found['characters']:,} characters."


def gptq_said(found: Found) -> str:
    """What GPTQ gains over rounding to nearest, in weights, in results, in loss."""
    gain = found["gptq"]
    if gain is None:
        return "GPTQ was left out: rounding a model of this size by columns takes too long here."
    errors = found["errors"].values()
    weights, results = (
        sum(each[GPTQ][of] < each[NEAREST4][of] for each in errors) for of in (0, 1)
    )
    said = (
        f"Beside rounding to nearest on the same grid, GPTQ's **weights** are closer to the "
        f"originals in {weights} of {len(found['errors'])} matrices, its **results** in {results}. "
    )
    if results > weights:
        said += "It gives up on the weights, which nobody sees, for the results, which count. "
    change = interval(gain, "+.5f")
    if gain[2] < 0:
        return said + f"Its loss is lower: {change} bits per character."
    if gain[1] > 0:
        return said + f"Yet its loss is higher here: {change} bits per character."
    return said + f"Its loss can't be told from that of rounding to nearest: {change}."


# ---- Pruning ----

PRUNE = (
    "Instead of fewer bits: **fewer weights**. Pruning takes the least important away. Single "
    "weights go by their size: they become zeros in a matrix that stays as large. A neuron goes by "
    "what it adds to the stream on average, a head by how much the loss rises without it: these "
    "are cut out, and the matrices get smaller."
)


def fewer_heads(heads: int) -> str:
    """Why there is nothing about heads where a model has few."""
    return f"This model has {counted(heads, 'head')}: too few to remove a share of them."


def at_share(share: float, found: Found) -> str:
    """What each kind has lost at the chosen share."""
    place = found["shares"].index(share)
    said, plain = [], found["plain"]
    for kind, points in found["curves"].items():
        point = points[place]
        named = KINDS[kind]
        if kind == "heads":
            named += f" ({_heads_gone(share, found)} of {found['heads']})"
        said.append(
            f"- {named}: {100 * point['gone']:.0f}% of all parameters are gone, "
            f"{_bytes_said(point, plain)}; {rise_said(point['rise'], plain['loss'][0])}"
        )
    loss = number(plain["loss"][0], ".3f")
    return f"At **{100 * share:.0f}%** (plain: {loss} bits per character):\n" + "\n".join(said)


def _heads_gone(share: float, found: Found) -> int:
    """How many heads a share is: heads are whole."""
    return round(share * found["heads"])


def part_of(share: float, kind: str, found: Found) -> str:
    """“30% of the weights”, “5 of 16 heads”."""
    if kind == "heads":
        return f"{_heads_gone(share, found)} of {counted(found['heads'], 'head')}"
    return f"{100 * share:.0f}% of the {kind}"


def _bytes_said(kind: Found, plain: Found) -> str:
    """How many bytes one way saves."""
    if kind["bytes"] == plain["bytes"]:
        return "and not one byte"
    return f"{100 * kind['bytes'] / plain['bytes']:.0f}% of the bytes are left"


def zeros_or_removal(found: Found) -> str:
    """Whether zeros make it quicker, and whether removal does, where half or more is gone."""
    large = [place for place, share in enumerate(found["shares"]) if share >= HALF]
    speeds = {
        kind: [points[place]["speed"] for place in large]
        for kind, points in found["curves"].items()
    }
    quicker = [kind for kind, each in speeds.items() if 2 * _one_sided(each) > len(large)]
    said = [
        f"**Zeros or removal?** Compare the {len(large)} shares from {100 * HALF:.0f}% on. With so "
        "many single weights at zero, the file takes as many bytes, and writing is "
        f"{_quicker_at(speeds['weights'])}. "
        + ("That is luck: as" if "weights" in quicker else "As")
        + " much is multiplied as before, zeros or not."
    ]
    said += [
        f"With {kind} cut out, {_bytes_said(found['curves'][kind][-1], found['plain'])} at "
        f"{100 * found['shares'][-1]:.0f}%, and writing is {_quicker_at(each)}."
        + _price_of(found["curves"][kind], large, found["plain"])
        for kind, each in speeds.items()
        if kind != "weights"
    ]
    if quicker and "weights" not in quicker:
        names = " and ".join(quicker).capitalize()
        said.append(f"**{names} that are removed aren't waited for; zeros are.**")
    if len(speeds) > 1 and not any(_one_sided(each) for each in speeds.values()):
        said.append(
            "No gain could be shown. There are as many operations as before, so only a model that "
            "waits for its weights can gain (see *What does a token wait for?*, below)."
        )
    return " ".join(said)


def _price_of(points: Sequence[Found], large: Sequence[int], plain: Found) -> str:
    """What being quicker costs: the loss at the shares where it was shown."""
    losses = [points[place]["loss"][0] for place in large if is_faster(points[place]["speed"])]
    times = min(losses, default=0.0) / plain["loss"][0]
    if times < 1.1:
        return ""
    least = floor(times) if times >= 10 else floor(10 * times) / 10  # "at least" must hold
    return f" There the loss is at least {least:,} times the plain model's."


def _one_sided(speeds: Sequence[Sequence[float]]) -> int:
    """How many of some speeds were above the plain model's in every round, by more than luck."""
    return sum(map(is_faster, speeds))


def _quicker_at(speeds: Sequence[Sequence[float]]) -> str:
    """At how many shares, and how much."""
    count = _one_sided(speeds)
    if not count:
        return "shown to be faster at none of them"
    most = max(speed[0] for speed in speeds if is_faster(speed))
    return f"faster in every round at {count} of them, up to {number(most)} times"


def how_far(found: Found) -> str:
    """How much of each kind can go before harm is shown."""
    said, shares = [], found["shares"]
    for kind, points in found["curves"].items():
        first = next((i for i, p in enumerate(points) if i and p["rise"][1] > 0), len(points))
        if points[first - 1]["gone"] > 0:
            said.append(part_of(shares[first - 1], kind, found))
        else:
            said.append(_less_than(shares[first], kind, found))
    return "What can go without a rise that can be shown: " + ", ".join(said) + "."


def _less_than(share: float, kind: str, found: Found) -> str:
    """“less than 5% of the neurons”, “none of 16 heads”."""
    if kind != "heads":
        return f"less than {part_of(share, kind, found)}"
    count = _heads_gone(share, found)
    return (
        f"fewer than {count} heads" if count > 1 else f"none of {counted(found['heads'], 'head')}"
    )


def healed(found: Found) -> str:
    """What a few steps of training give back, kind by kind."""
    if not found["wanted"]:
        return (
            "Healing, a few steps of training without what was pruned, was left out: for a model "
            "of this size it takes longer than a few minutes here."
        )
    if not found["steps"]:
        return (
            "Healing, a few steps of training without what was pruned, was left out: the curves "
            f"took nearly all of the {duration(found['seconds'])} that a computation may take here."
        )
    if not found["healing"]:
        return (
            "Nothing has been healed yet. The curves come first; then the whole model is trained "
            "on, for comparison."
        )
    said = [f"**Healing:** {found['steps']} steps of training, with the zeros kept at zero:"]
    for kind, each in found["healing"].items():
        before, after, twin = each["before"], each["rise"], each["twin"]
        line = (
            f"- {part_of(each['share'], kind, found)}: the rise goes from "
            f"{number(before[0], '+.4f')} to {interval(after, '+.4f')}"
        )
        harm = (after[0] - twin[0], after[1] - twin[2], after[2] - twin[1])
        if harm[2] < before[1] and before[1] > 0:
            line += f"; {_healed_share(before[0], harm[0])} of the harm is healed"
        elif harm[1] > before[2]:
            line += "; the harm has grown"
        else:
            line += "; no healing could be shown"
        said.append(line)
    return "\n".join(said) + (
        f"\n\nThe whole model, trained on by the same steps, ends at {interval(twin, '+.4f')}: "
        "what training does by itself, so what is left of the harm is what lies above it."
        + _hurried(found)
    )


def _hurried(found: Found) -> str:
    """What was left out, so that healing ends in time."""
    short = []
    if found["steps"] < found["wanted"]:
        short.append(f"{found['steps']} steps instead of {found['wanted']}")
    if found["left_out"]:
        short.append("without " + " and ".join(found["left_out"]))
    if not short:
        return ""
    return (
        f" Healing was shortened ({', '.join(short)}): a computation may take "
        f"{duration(found['seconds'])} here, and the curves come first."
    )


def _healed_share(before: float, left: float) -> str:
    """How much of a rise is gone; it can't be more than all."""
    return f"{100 * (1 - left / before):.0f}%" if left > 0 else "all"


# ---- Distillation ----


def distil(vocabulary: int) -> str:
    """What distillation is, for a model that knows so many tokens."""
    return (
        "A smaller model can also be **taught**. The text says which token came: one fact. The "
        "large model (the teacher) says how likely *every* token was: here "
        f"{vocabulary:,} numbers for the same place. Learning from them is **distillation** "
        "(Hinton et al. 2015). The teacher has to read each batch, too, which takes time: so each "
        "student gets as many seconds, not as many steps."
    )


def pruned_kinds(share: float, found: Found) -> dict[str, Found]:
    """The plain model and what is left of it at a share, by their names."""
    place = found["shares"].index(share)
    left = {PRUNED[kind]: points[place] for kind, points in found["curves"].items()}
    return {name_of(PLAIN): found["plain"]} | left


def healed_kinds(found: Found) -> dict[str, Found]:
    """The plain model and what was healed, by their names."""
    healed = {
        f"{part_of(each['share'], kind, found)} gone, healed": each
        for kind, each in found["healing"].items()
    }
    return {name_of(PLAIN): found["plain"]} | healed


def students(found: Found) -> str:
    """Who is compared with whom."""
    student, teacher, step = found["student"], found["teacher"], found["step"]
    share = 100 * student["parameters"] / teacher["parameters"]
    return (
        f"The student: {counted(student['layers'], 'layer')}, {student['width']} wide, "
        f"{student['parameters']:,} parameters, {share:.0f}% of the teacher's. Each trains for "
        f"{found['seconds']} seconds of one processor: {found['steps']['text']:,} steps of "
        f"{number(1000 * step['text'], '.0f')} ms on the text alone, or "
        f"{found['steps']['teacher']:,} of {number(1000 * step['teacher'], '.0f')} ms with the "
        f"teacher ({100 * found['share']:.0f}% of the loss from its probabilities). Writing, a "
        f"student is {speed_said(found['kinds']['text']['speed'])}; both are of the same design, "
        "so what differs between their two speeds is luck. Their losses and samples here are those "
        "of the first seed."
    )


def student_rows(found: Found, difference: Difference) -> list[dict[str, str]]:
    """Losses by seed."""
    text, taught = found["losses"]["text"], found["losses"]["teacher"]
    rows = [
        {"seed": str(seed), "on the text": number(a, ".4f"), "with the teacher": number(b, ".4f"),
         "difference": number(b - a, "+.4f")}
        for seed, (a, b) in enumerate(zip(text, taught, strict=True), 1)
    ]  # fmt: skip
    mean = [sum(values) / len(values) for values in (text, taught)]
    total = {"seed": "mean", "on the text": number(mean[0], ".4f")}
    total |= {"with the teacher": number(mean[1], ".4f")}
    return [*rows, total | {"difference": number(difference.mean, "+.4f")}]


def taught(found: Found, difference: Difference) -> str:
    """Who is better, as far as paired seeds show it."""
    band = interval((difference.mean, difference.low, difference.high), "+.4f")
    teacher = number(found["teacher"]["loss"][0], ".4f")
    said = (
        "The taught student's loss minus the untaught one's, over paired seeds: "
        f"{band} bits per character. "
    )
    if difference.sign < 0:
        said += "**The teacher helps**"
        said += ", although its student takes fewer steps. " if fewer(found["steps"]) else ". "
    elif difference.sign > 0:
        said += f"**The text alone is better here**{_why_not_taught(found)} "
    else:
        said += "**The seeds don't show which is better**: the band contains 0. "
    return said + (
        f"All read the first {found['batch'][1]} tokens of each piece, the student's context; "
        f"there the teacher itself needs {teacher}."
    )


def fewer(steps: Mapping[str, int]) -> bool:
    """Whether the taught student takes fewer steps."""
    return steps["teacher"] < steps["text"]


def _why_not_taught(found: Found) -> str:
    """What these runs show of the reason, and what they don't."""
    teacher, untaught = found["teacher"]["loss"], fmean(found["losses"]["text"])
    if teacher[1] > untaught:
        return (
            ": the teacher reads worse than those whom it doesn't teach "
            f"({number(teacher[0])} against {number(untaught)} bits), so it has little to give."
        )
    if not fewer(found["steps"]):
        return ", with as many steps. Why, these runs don't show."
    share = 100 * found["steps"]["teacher"] / found["steps"]["text"]
    return (
        f". Beside a teacher a student takes {share:.0f}% of the steps. Whether these are too few "
        "or the probabilities no help, runs of the same seconds can't tell apart."
    )


# ---- The KV cache ----

CACHE = (
    "To write a token, the model reads the whole text so far. Keys and values of earlier tokens "
    "never change, so they are kept: the KV cache. Then only the newest token has to be computed."
)


def cached(found: Found) -> str:
    """How the two curves grow."""
    again, cache, where = found["again"], found["cached"], found["positions"]
    last = again[-1] / cache[-1]
    said = (
        f"At position {where[-1]} the next token takes {number(cache[-1])} ms with the cache and "
        f"{number(again[-1])} ms without: "
    )
    said += f"**{number(last, '.3g')} times** as long. " if last > 1.2 else "about as long. "
    return said + (
        f"At position {where[-1]} it takes {number(cache[-1] / cache[0])} times as long as at "
        f"position {where[0]} with it, {number(again[-1] / again[0])} times without."
    )


def cache_size(found: Found, layers: int, heads: int, width: int, context: int) -> str:
    """The cache's bytes as one line of arithmetic, and with shared keys."""
    size = f"{counted(layers, 'layer')} × {counted(heads, 'head')} × {counted(width, 'number')}"
    said = (
        f"**Its size**: 2 (keys and values) × {size} × 4 bytes = "
        f"{amount(found['bytes'])} a token; × {context:,} tokens = **{amount(found['full'])}**. "
    )
    if heads < 2:
        return said + "With a single head there are no keys to share."
    shared = next(n for n in range(2, heads + 1) if heads % n == 0)
    return said + (
        f"**Grouped-query attention** lets {shared} heads share one pair of keys and values: "
        f"{heads // shared} instead of {heads} in that line, {amount(found['full'] / shared)}."
    )


# ---- Training in less memory or time ----

SAME = (
    "These change how a step is computed, and hardly what comes out. Each is measured beside the "
    "plain step on this model, on this machine."
)
WAYS = {
    "explicit": "Attention without the fused kernel",
    "parts": "Gradient accumulation, 4 parts",
    "checkpoint": "Activation checkpointing",
    "bfloat16": "Mixed precision (bfloat16)",
}


def way_rows(found: Found) -> list[dict[str, str]]:
    """The table of ways to compute a step."""
    return [
        {
            "the step with": WAYS[name],
            "speed": f"× {interval(way['speed'], '.2f')}",
            "kept for the backward pass": amount(way["kept"][1]),
            "of plain": f"{100 * way['kept'][1] / way['kept'][0]:.0f}%",
            "gradients off by": number(way["difference"], ".2g"),
        }
        for name, way in found["ways"].items()
    ]


def ways_said(found: Found) -> str:
    """A sentence each, and when it pays."""
    ways = found["ways"]
    fused, parts, check, half = (ways[n] for n in ("explicit", "parts", "checkpoint", "bfloat16"))
    left = 100 * check["kept"][1] / check["kept"][0]
    saved = 100 * (1 - fused["kept"][0] / fused["kept"][1])
    return "\n".join(
        (
            f"- **Fused attention** never stores the T × T pattern: {saved:.0f}% less is kept than "
            f"without it. Without it the step is {speed_said(fused['speed'])}. It pays with long "
            "texts: the pattern grows with T².",
            f"- **Gradient accumulation** gives the large batch's gradient up to rounding: off by "
            f"at most {number(parts['difference'], '.2g')} of the largest. The step is "
            f"{speed_said(parts['speed'])}. It pays when the batch doesn't fit into memory.",
            f"- **Activation checkpointing** keeps {left:.0f}% "
            f"and computes the rest again: {speed_said(check['speed'])}. It pays when memory ends "
            "before patience.",
            f"- **Mixed precision** is {speed_said(half['speed'])}; its gradients are off by "
            f"{number(100 * half['difference'], '.2g')}% of the largest. "
            f"{100 * half['kept'][1] / half['kept'][0]:.0f}% is kept. It pays in time where the "
            "processor multiplies bfloat16 faster; elsewhere at most in memory.",
        )
    )


def tying(vocabulary: int, width: int, total: int, tied: bool) -> str:
    """What sharing one table between input and output saves."""
    table, whole = vocabulary * width, total if tied else total - vocabulary * width
    share = 100 * table / (whole + table)
    how = "does" if tied else "doesn't, but could"
    return (
        f"- **Weight tying**: input and output can share one table of {vocabulary:,} × {width} = "
        f"{table:,} numbers ({amount(4 * table)}). This model {how}. A second table would be "
        f"{share:.0f}% of all its parameters. It pays in small models with many tokens; in large "
        "ones the table is a small part."
    )


COMPILE = (
    "**torch.compile** writes a program for this very model: small operations become one, and "
    "nobody waits between them. Building it takes its time first."
)


def compiled(found: Found) -> str:
    """Whether and when compiling pays."""
    speed, seconds = found["speed"], found["seconds"]
    said = (
        f"Compiling and the first step took **{number(seconds, '.0f')} s**. Afterwards a step is "
        f"{speed_said(speed)}; logits differ by at most {number(found['difference'], '.1e')}. "
    )
    if is_faster(speed):
        return said + "It pays when a run takes many times as long as compiling did."
    if is_slower(speed):
        return said + "Here it doesn't pay, however long the run."
    return said + "Whether it pays here, these rounds don't show."


# ---- What a step waits for ----

WAIT = (
    "To write one token, every weight is read once and used once. So a step takes at least the "
    "bytes of the weights divided by how many bytes a second the memory delivers. Both are "
    "measured here, with PyTorch and one thread. (Compare times within a picture: each picture was "
    "measured at another moment.)"
)


def waits_said(found: Found) -> str:
    """What the small and the large model wait for."""
    said = f"Memory delivers {number(found['bandwidth'] / 1e9, '.1f')} GB a second. "
    return said + " ".join(
        _waits_for(MODELS[which], waits) for which, waits in found["waits"].items() if waits
    )


def _waits_for(name: str, waits: Sequence[Found]) -> str:
    plain, int8 = waits[0], waits[1]
    gain, step = plain["seconds"] / int8["seconds"], number(1000 * plain["seconds"], ".3g")
    said = (
        f"**{name[0].upper()}{name[1:]}** reads {amount(plain['nbytes'])} for a token, which takes "
        f"{number(1000 * plain['floor'], '.3g')} ms from memory; its step takes {step} ms. "
    )
    if plain["floor"] > plain["seconds"]:
        said += "(The step is the quicker of both: a cache holds part of it, or luck was uneven.) "
    if gain > 1.2:
        return said + (
            f"With a quarter of the bytes (int8) it is {number(gain)} times as fast: it waits for "
            "**memory**, and fewer bytes are what helps."
        )
    helps = "hardly helps" if gain > 0.8 else "makes it slower"
    said += f"A quarter of the bytes (int8) {helps}, ×\N{NO-BREAK SPACE}{number(gain)}: "
    if plain["floor"] > plain["seconds"] / 2:
        return said + (
            "though reading takes half of the step or more, what is saved there is spent on "
            "turning small numbers back into weights."
        )
    return said + "it waits for **dispatch**, one operation being called after another."


# ---- A thousand times the size ----

SCALE = (
    "What would this design need at many times its size? Blocks grow with depth × width², so both "
    "grow by the cube root. Everything below is arithmetic; the column *measured* is what the "
    "small one really takes here."
)
PARTS = {
    "weights": "weights: 4 bytes each",
    "gradients": "gradients: as many",
    "optimizer": "Adam's two averages: twice as many",
    "activations": "activations of one batch",
    "cache": "KV cache of one context",
}


def need_rows(
    small: Mapping[str, int], large: Mapping[str, int], taken: Found | None, times: int
) -> list[dict[str, str]]:
    """Bytes of each part: of the grown design, and of this one, computed and measured."""
    return [
        {
            "part": said,
            f"× {times:,}": amount(large[part]),
            "this model, computed": amount(small[part]),
            "measured": amount(taken[part]) if taken else "–",
        }
        for part, said in PARTS.items()
    ]


def checked(small: Mapping[str, int], taken: Found | None) -> str:
    """How far the arithmetic is from what was measured."""
    if taken is None:
        return "The button *Measure all of it*, above, measures what this model really takes."
    off = {p: abs(small[p] - taken[p]) / taken[p] for p in PARTS if taken[p]}
    worst = max(off, key=off.__getitem__)
    if off[worst] < 0.005:
        return "The arithmetic agrees with what was measured to within half a per cent everywhere."
    return (
        f"The arithmetic is within {number(100 * off[worst], '.2g')}% of what was measured; the "
        f"largest gap is in “{PARTS[worst]}”."
    )


def activations(parts: Mapping[str, int], layers: int, end: int, batch: Sequence[int]) -> str:
    """The arithmetic of activations, part by part."""
    inside = " + ".join(f"{count:,} ({name})" for name, count in parts.items() if count)
    tokens = batch[0] * batch[1]
    each = layers * sum(parts.values()) + end
    return (
        f"**Activations**, numbers for each token: {counted(layers, 'layer')} × [{inside}] + "
        f"{end:,} at the end = {each:,}. × {batch[0]} × {batch[1]} tokens × 4 bytes = "
        f"{amount(4 * tokens * each)}."
    )


def duration_said(seconds: float) -> str:
    """A long time in a unit that is read at once."""
    for size, unit in ((31_557_600, "years"), (86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{number(seconds / size, '.3g')} {unit}"
    return f"{number(seconds, '.3g')} seconds"


H100_BYTES = 80e9


def training_said(
    parameters: int, tokens: float, flops: float, each: int, there: tuple[str, float, float],
    here: tuple[float, float] | None, nbytes: int,
) -> str:  # fmt: skip
    """Multiplications, time and electricity, with every assumption.

    there: a machine, seconds and kWh on it. here: operations a second and seconds on this one.
    nbytes: what training takes of memory.
    """
    name, seconds, kwh = there
    said = (
        f"**Training it.** {parameters:,} parameters. Assumed: 20 tokens for each of them "
        f"(Hoffmann et al. 2022), so {number(tokens, '.3g')} tokens; {number(each, '.3g')} "
        f"operations a token, forward and backward (6 for each weight that multiplies, and the "
        f"attention pattern); together **{number(flops, '.2g')} operations**. "
    )
    if here:
        said += (
            f"One thread of this machine reached {number(here[0] / 1e9, '.3g')} billion a second "
            f"in the plain step: **{duration_said(here[1])}**. "
        )
    return said + (
        f"On {name}, assumed to reach 40% of its 989 trillion a second (bfloat16) and to draw 700 "
        f"watts: **{duration_said(seconds)}** and **{number(kwh, '.3g')} kWh**, cooling and the "
        f"rest of the computer not counted. Training takes the first four rows at once, "
        f"{amount(nbytes)}, and its memory is {amount(H100_BYTES)}: "
        + ("that fits." if nbytes <= H100_BYTES else "that must be split over several.")
    )


TRY = (
    "Choose *int8 per tensor* and multiply the largest channel by 50. How many of the 255 points "
    "does a middle channel still use?",
    "Remove 50% of everything. Which of the three hurts most, and which saves most bytes?",
    "Set the size to 1,000. Which part of the memory grows least? Look at what it is made of.",
    "`python -m gpt_core compress RUN --int4 --gptq --out runs/small` writes a run of four bits. "
    "Open it in any lesson.",
)
QUESTIONS = (
    (
        "Why does one scale per channel help where one large weight stands out?",
        "A scale must reach the largest weight that shares it. Shared by the whole matrix, one "
        "outlier makes the grid coarse for everybody; shared by a row, only for its own row.",
    ),
    (
        "Half of the weights are zero. Is the file half as large, the model twice as fast?",
        "Not by itself. A zero is stored and multiplied like any other number. Whole neurons or "
        "heads can be cut out, and then the matrices really are smaller.",
    ),
    (
        "Why do four bits make a large model faster, and a small one hardly?",
        "At batch 1 a large model waits for its weights to come from memory: fewer bytes, less "
        "waiting. A small one waits for one operation to be called after another.",
    ),
)
ABILITIES = (
    "say what quantization, pruning and distillation change, and what each costs",
    "read a table of sizes and losses with its intervals",
    "tell a model that waits for memory from one that waits for dispatch",
    "work out the memory of a model a thousand times as large",
)
READING = (
    "Jacob et al. 2018, [Quantization and Training of Neural Networks](https://arxiv.org/abs/"
    "1712.05877): whole numbers and scales",
    "Dettmers et al. 2022, [LLM.int8()](https://arxiv.org/abs/2208.07339): outlier channels in "
    "large models",
    "Frantar et al. 2023, [GPTQ](https://arxiv.org/abs/2210.17323)",
    "Han et al. 2015, [Learning both Weights and Connections](https://arxiv.org/abs/1506.02626), "
    "and Michel et al. 2019, [Are Sixteen Heads Really Better than One?](https://arxiv.org/abs/"
    "1905.10650): pruning",
    "Hinton et al. 2015, [Distilling the Knowledge in a Neural Network](https://arxiv.org/abs/"
    "1503.02531)",
    "Pope et al. 2022, [Efficiently Scaling Transformer Inference](https://arxiv.org/abs/"
    "2211.05102), and Ainslie et al. 2023, [GQA](https://arxiv.org/abs/2305.13245): the KV cache",
    "Hoffmann et al. 2022, [Training Compute-Optimal Large Language Models](https://arxiv.org/abs/"
    "2203.15556): how much text for which size",
)
