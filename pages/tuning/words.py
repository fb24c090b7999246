"""What the lesson on tuning says. Findings are functions of the numbers that they speak of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from gpt_core.evaluation.paired import Difference, paired
from gpt_core.experiments.effects import NOISE
from pages.tuning.results import NOTEBOOK, Map, Noise, Once, Scaling
from ui.app.lesson import Answer
from ui.show.numbers import counted, number

GOAL = "Find good settings for a training run, and say how sure you may be that they are better."
INTRO = (
    "Learning rate, width, batch size: nobody learns these numbers from the text, somebody "
    "**chooses** them before the training begins. They are called **hyperparameters**. Which ones "
    "are good can't be computed. It has to be tried, and every try costs a training run."
)
SETTING = (
    "Unless something else is said, all runs on this page are small GPTs that read the bundled "
    "text character by character. A run's result is its loss on held-out text, in bits per "
    "character: less is better."
)

# ---- The range test ----

RANGE = (
    "Begin with the learning rate. **One** run can tell its order of magnitude: let the rate grow "
    "a little at every step, from far too small to far too large, and watch the loss. First "
    "nothing happens. Then the model learns. Then it breaks."
)
RANGE_ALT = "Loss over a learning rate that rises step by step"
AROUND_ALT = "Held-out loss of short runs with five learning rates around the tested one"
RANGE_RULE = (
    "The rule: take **a tenth of the rate at which it breaks**. (“Breaks” means here: the smoothed "
    "loss is 10% above the lowest that it had.) At the edge itself a long run would not survive."
)


def range_found(value: Mapping[str, Any]) -> str:
    """Where the test says to stand."""
    point = f"So the test recommends a rate of **{value['point']:g}**."
    if value["broke"] is None:
        return f"It has not broken up to a rate of {value['rates'][-1]:g}. " + point
    return f"It breaks at a rate of **{number(value['broke'], '.2g')}**. " + point


def around_found(around: Sequence[Mapping[str, Any]], steps: int) -> str:
    """Whether one of the other rates is better than the one that the test recommends."""
    middle = around[len(around) // 2]
    whole = [run for run in around if all(map(math.isfinite, _bits(run)))]
    best = min(whole, key=lambda run: fmean(_bits(run)), default=None)
    said = (
        f"Was it right? Five rates, three seeds each, {steps} steps, the rate falling to a tenth "
        "at the end, as usual. "
    )
    if best is None or middle not in whole:
        return said + "The recommended rate itself did not survive. Here the test was **wrong**."
    if best is middle:
        said += (
            f"The recommended {middle['rate']:g} has the lowest mean of the five, "
            f"{number(fmean(_bits(best)), '.3f')} bits. "
        )
        others = [run for run in whole if run is not middle]
        level = [run for run in others if paired(_bits(run), _bits(middle)).sign <= 0]
        if not level:
            return said + "All others are worse, over the seeds: the test was **right**."
        rates = listed([f"{run['rate']:g}" for run in level])
        return said + (
            f"But three seeds can't tell {rates} from it: the test was **as right as these runs "
            "can tell**."
        )
    found = paired(_bits(middle), _bits(best))
    better = (
        f"The rate {best['rate']:g} has a lower mean, {number(fmean(_bits(best)), '.3f')} bits "
        f"against {number(fmean(_bits(middle)), '.3f')}. "
    )
    if found.sign > 0:
        return (
            said
            + better
            + (
                f"The difference holds over the seeds ({interval(found)} bits): the test gave the "
                "order of magnitude, **not the best rate**."
            )
        )
    return (
        said
        + better
        + (
            f"But three seeds don't bear that out (the difference is {interval(found)} bits, and 0 "
            "lies within): the test was **as right as these runs can tell**."
        )
    )


def _bits(run: Mapping[str, Any]) -> list[float]:
    return [math.inf if each is None else each for each in run["bits"]]


def interval(found: Difference) -> str:
    """A mean difference with its 95% interval."""
    low, high = (number(each, "+.3f") for each in (found.low, found.high))
    return f"{number(found.mean, '+.3f')}, 95% interval {low} to {high}"


# ---- The landscape ----

LARGER, SAME, SMALLER = "larger", "the same", "smaller"
QUESTION = (
    "A GPT that is 16 numbers wide is trained with seven learning rates, and one of them is best. "
    "Now the same GPT, **four times as wide**. Its best learning rate is …"
)


def moved(found: Map, guess: str) -> Answer:
    """Whether the best rate moves with the width, by the recorded map; and whether that is sure."""
    narrow, wide = best_rate(found, 0), best_rate(found, len(found.rows) - 1)
    truth = SAME if narrow == wide else (LARGER if wide > narrow else SMALLER)
    both = in_both(found)
    why = (
        f"At width {found.rows[0]} the best of the seven is {narrow:g}, at width {found.rows[-1]} "
        f"it is {wide:g} (by the mean of {found.results.shape[-1]} seeds each)."
    )
    if truth != SAME and both:
        why += f" {_not_sure(found, both)}"
        if guess == SAME:  # these seeds don't exclude it
            return Answer(None, why)
    return Answer(guess == truth, why)


def in_both(found: Map) -> list[Any]:
    """Rates that can't be told from the best one, neither in the narrowest nor in the widest."""
    first, last = (found.level(row) for row in (0, len(found.rows) - 1))
    return [rate for rate in first if rate in last]


def _not_sure(found: Map, both: Sequence[Any]) -> str:
    rates = listed([f"{rate:g}" for rate in both])
    return (
        f"But the seeds don't prove that it moves: at both widths, {rates} can't be told from "
        f"the best. The largest rate, {found.columns[-1]:g}: {_largest(found)}."
    )


def _largest(found: Map) -> str:
    """What the largest rate costs at the two ends of the widths, as far as the seeds show it."""
    said = []
    for row in (0, len(found.rows) - 1):
        gap = found.against(row, len(found.columns) - 1)
        if gap is None:
            cost = "it broke"
        elif gap.sign > 0:
            cost = f"it is worse than the best by {interval(gap)} bits"
        else:
            cost = f"no harm is shown ({interval(gap)} bits)"
        said.append(f"at width {found.rows[row]} {cost}")
    return "; ".join(said)


def best_rate(found: Map, row: int) -> float:
    """The rate with the lowest mean in a row."""
    return float(found.columns[found.lowest(row)])


STANDARD, MUP = "as usual", "scaled by width (muP)"
WHY_MOVES = (
    "Why a smaller one is expected: each number of a wide layer is a sum of more terms. When every "
    "weight moves by one learning rate, all terms move together, and the sum moves further the "
    "more there are."
)
MUP_IS = (
    "**muP** (Yang et al. 2022) takes that out: matrices inside learn with the rate divided by the "
    "width, and the output layer begins smaller. The scale is set so that 32 wide nothing changes. "
    "Then a rate that was found on a small model, where tries are cheap, is to serve a large one."
)


def mup_found(usual: Map, scaled: Map) -> str:
    """How far the best rate moves from the narrowest to the widest, in both."""
    factors = []
    for found in (usual, scaled):
        first, last = best_rate(found, 0), best_rate(found, len(found.rows) - 1)
        factors.append(max(first, last) / min(first, last))
    said = (
        f"From width {usual.rows[0]} to {usual.rows[-1]}, the best rate moves by a factor of "
        f"**{number(factors[0], 'g')}** as usual and of **{number(factors[1], 'g')}** with muP, by "
        "the means. "
    )
    if factors[1] < factors[0] and (both := in_both(usual)):
        rates = listed([f"{rate:g}" for rate in both])
        return said + (
            f"That is what muP is made for, but {usual.results.shape[-1]} seeds are too few to "
            f"show it: as usual, {rates} can't be told from the best, neither at width "
            f"{usual.rows[0]} nor at width {usual.rows[-1]}."
        )
    if factors[1] == 1 < factors[0]:
        return said + "So here it does what it is made for."
    if factors[1] < factors[0]:
        return said + "It moves less far, but it moves (a step between rates is a factor of 2)."
    if factors[1] == factors[0]:
        return said + "These runs don't show that it helps: the steps between rates are a factor 2."
    return said + "Here it doesn't hold the best rate still."


CURVES_ALT = "Held-out loss over the learning rate, a curve for each width"
STARS = (
    "Stars: the lowest mean of each width. Thin lines: the scatter of three seeds (one standard "
    "deviation). A step from one rate to the next is a factor of 2."
)

MAP_TITLES = {
    "rate_width": "learning rate × width",
    "rate_batch": "learning rate × batch size",
    "depth_width": "depth × width, equally large",
    "dropout_text": "dropout × length of the text",
    "warmup_rate": "warm-up × learning rate",
    "decay": "weight decay",
    "context": "context",
}
AXES = {  # of the columns and of the rows
    "rate_width": ("learning rate", "width"),
    "rate_batch": ("learning rate", "pieces in a batch"),
    "depth_width": ("layers × width", "learning rate"),
    "dropout_text": ("characters of text", "dropout"),
    "warmup_rate": ("warm-up, share of all steps", "learning rate"),
    "decay": ("weight decay", "width"),
    "context": ("context, characters", "width"),
}
ABOUT = {
    "rate_width": "2 layers, 8 pieces of 64 characters in a step.",
    "rate_batch": (
        "32 wide, 2 layers. All runs read as many characters, so a batch four times as large means "
        "a quarter of the steps."
    ),
    "depth_width": (
        "Four shapes with about as many weights in their blocks (12 · layers · width² is within "
        "10%), from one wide layer to eight narrow ones, each with two rates."
    ),
    "dropout_text": (
        "The same number of steps on texts of three lengths: the short one is read again and again."
    ),
    "warmup_rate": (
        "The share of the steps in which the rate rises to its full value, for a low and a high "
        "rate."
    ),
    "decay": "32 wide, 2 layers, rate 0.016. One row: only one setting varies.",
    "context": (
        "32 wide, 2 layers. Each step reads 512 characters, in pieces of this length. Every "
        "piece begins without knowing what came before it."
    ),
}
SHAPES = {1: "1 × 46", 2: "2 × 32", 4: "4 × 22", 8: "8 × 16"}
MEAN_ALT = "Mean held-out loss of each pair of settings, the best one framed"
NOISE_ALT = "The standard deviation over three seeds of each pair of settings"
MEAN_TITLE, NOISE_TITLE = "Mean of three seeds", "Noise: their standard deviation"


def recorded_map(found: Map) -> str:
    """What was run for a map."""
    steps = " or ".join(f"{each:,}" for each in found.steps)
    return (
        f":material/history: Recorded: {found.count} runs, {found.results.shape[-1]} seeds each, "
        f"{steps} steps. Bits per character on 8,192 held-out characters."
    )


def map_found(name: str, found: Map, labels: tuple[Sequence[str], Sequence[str]]) -> str:
    """The best settings, and which others can't be told from them."""
    rows, columns = labels
    row, column = found.best
    of = f"{AXES[name][0]} **{columns[column]}**"
    of += f", {AXES[name][1]} **{rows[row]}**" if len(rows) > 1 else ""
    said = f"Lowest: {of}, with **{number(found.mean[found.best], '.3f')}** bits. "
    against = found.against_best()
    if not against:
        return said
    unsure = [cell for cell, each in against.items() if each.sign <= 0]
    if not unsure:
        return said + f"All {len(against)} others are worse, over the seeds: no interval holds 0."
    near = min(unsure, key=lambda cell: found.mean[cell])
    gap = against[near]
    return said + (
        f"Is it **the** best? Of {len(against)} others, {len(unsure)} can't be told from it: the "
        f"95% interval of their difference, seed by seed, holds 0. The closest is "
        f"{number(gap.mean, '+.3f')} bits away ({number(gap.low, '+.3f')} to "
        f"{number(gap.high, '+.3f')})."
    )


SHARES = (
    "Which setting matters most? A full grid answers: 7 rates × 3 widths × 2 depths × 3 batch "
    "sizes, three seeds each. Take one setting, average over all others, and see how much "
    "these averages vary. That is the setting's **share of the variance**. What two settings "
    "explain only together (like: which rate is best at which width) is a share of its own."
)
ALL_RATES, NEAR_RATES = "all seven rates", "the three middle ones"
SHARES_ALT = "How the variance of all results is shared among the settings"
FACTORS = {"rate": "learning rate", "width": "width", "layers": "depth", "batch": "batch size"}


def factor(names: Sequence[str]) -> str:
    """What a share belongs to."""
    if tuple(names) == (NOISE,):
        return "only the seed"
    return " × ".join(FACTORS[name] for name in names)


def shares_found(
    wide: Mapping[tuple[str, ...], float], near: Mapping[tuple[str, ...], float]
) -> str:
    """Which setting explains most, and that the answer depends on the range that was tried."""
    tops = [max((k for k in each if len(k) == 1), key=each.__getitem__) for each in (wide, near)]
    rate = [each[("rate",)] for each in (wide, near)]
    said = (
        f"Over all seven rates, **{factor(tops[0])}** explains most by itself "
        f"({_percent(wide[tops[0]])}); the learning rate has {_percent(rate[0])}. Among the three "
        f"middle rates, **{factor(tops[1])}** does ({_percent(near[tops[1]])}), and the learning "
        f"rate is left with {_percent(rate[1])}. "
    )
    if tops[0] == tops[1] and rate[1] < rate[0]:
        return said + (
            "The first place is the same. But how much the learning rate matters is a question "
            "about a **range**: once it is nearly right, it matters less."
        )
    if rate[1] < rate[0]:
        return said + (
            "So “what matters most” is a question about a **range**: once a setting is nearly "
            "right, others matter more."
        )
    return said + "Here the narrower range doesn't make the rate matter less."


def _percent(share: float) -> str:
    return f"{number(100 * share, '.0f')}%"


# ---- Seed noise ----

NOISE_INTRO = (
    "The same settings with another **seed** start from other weights and read other pieces of the "
    "text. Here are two settings with eight seeds each. A line joins the two runs of one seed."
)
NOISE_ALT_DOTS = "Held-out loss of two learning rates with eight seeds each, joined by seed"


def noise_found(found: Noise) -> str:
    """How often one run each would have misled, and what pairs are worth."""
    said = (
        f"With nothing changed but the seed, runs scatter by {number(found.spread, '.3f')} bits "
        "(one standard deviation). The two means are "
        f"{number(abs(found.difference.mean), '.3f')} bits apart. Take one run "
        f"of each, with any two seeds: in **{_percent(found.lies)}** of the 64 cases the "
        "setting with the worse mean looks better. "
    )
    if found.difference.sign:
        return said + (
            f"Eight pairs show a difference all the same: {interval(found.difference)} bits."
        )
    return said + (
        f"Even eight pairs don't show which one is better: {interval(found.difference)} bits, and "
        "0 lies within."
    )


def noise_table(found: Noise) -> dict[str, list[str]]:
    """Columns of a table: the least difference that may be believed."""
    return {
        "runs of each setting": [str(count) for count in found.alone],
        "different seeds": [f"{number(each, '.3f')} bits" for each in found.alone.values()],
        "the same seeds, in pairs": [f"{number(v, '.3f')} bits" for v in found.in_pairs.values()],
    }


def noise_rule(found: Noise) -> str:
    """What the table says."""
    said = (
        "The table: how far apart two means must be before you may believe the difference (95%), "
        "if runs scatter as these do. "
    )
    if found.in_pairs[1] < found.alone[1]:
        times = (found.alone[1] / found.in_pairs[1]) ** 2
        return said + (
            f"**Use the same seeds for both settings.** Much of the scatter is the seed's own, and "
            f"a difference within a seed is free of it: here pairs are worth "
            f"{number(times, '.1f')} times as many runs."
        )
    return said + "Here the same seeds in both settings gain nothing: the seed's part is small."


# ---- Searching ----

SEARCH = (
    "**Grid**: a few values of each setting, every combination. **Random**: "
    "every setting drawn by lot. **TPE**: a model of the results so far guesses where good ones "
    "are. **Halving**: many settings start, and again and again the worse half is given up early."
)
LOOKUP = (
    "They search the recorded grid of 126 combinations. Asking for a result takes no training, "
    "only a look into the table, so a search can be repeated with other luck. As in life, a try "
    "shows **one** seed's loss. The curve shows what the setting found so far is worth: its mean "
    "over three seeds. A run that is given up after an eighth of its steps costs an eighth. "
    "Dotted: the best of all 126."
)
SEARCH_QUESTION = (
    "Each search may spend 24 runs. That is repeated 200 times, and of each kind we take the "
    "middle one, better than half of its repeats. Whose middle ends lowest?"
)
BANDS_ALT = "What four searches have found after each whole run, with bands over repeats"
ONCE_ALT = "What one search of each kind has found after each whole run"
REPEATED, ONCE = "200 repeats", "a single search"


def judge_search(value: Mapping[str, Any], guess: str) -> Answer:
    """Which method ends lowest."""
    ends = {name: each["middle"][-1] for name, each in value["methods"].items()}
    known = {name: end for name, end in ends.items() if end is not None}
    lowest = min(known.values())
    told = ", ".join(f"{name} {number(end, '.3f')}" for name, end in known.items())
    first = [name for name, end in known.items() if end == lowest]
    alike = f" These end alike: {listed(first)}." if len(first) > 1 else ""
    return Answer(guess in first, f"Middle of the repeats, bits: {told}.{alike}")


def listed(names: Sequence[str]) -> str:
    """“a”, “a and b”, “a, b and c”."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def search_found(value: Mapping[str, Any]) -> str:
    """Who leads when, and who tries how many."""
    methods, budget = value["methods"], len(next(iter(value["methods"].values()))["middle"])
    said = []
    for at in (budget // 3, budget):
        ends = {n: e["middle"][at - 1] for n, e in methods.items()}
        known = {n: end for n, end in ends.items() if end is not None}
        lowest = min(known.values())
        first = listed([name for name, end in known.items() if end == lowest])
        said.append(f"after {at} runs **{first}** had the best ({number(lowest, '.3f')} bits)")
    tried = ", ".join(f"{n} {number(e['tried'], 'g')}" for n, e in methods.items())
    bands = [e for e in methods.values() if e["high"][-1] is not None]
    overlap = max(e["low"][-1] for e in bands) <= min(e["high"][-1] for e in bands)
    said_bands = (
        "The bands (from the luckiest tenth to the unluckiest) overlap in the end: with one search "
        "each, the order may well be another."
        if overlap
        else "The bands (from the luckiest tenth to the unluckiest) don't all overlap in the end."
    )
    return (
        f"In the middle of {value['repeats']} repeats, {said[0]}, {said[1]}; the best of all would "
        f"be {number(value['best'], '.3f')}. {said_bands} Settings tried, on average: {tried}."
    )


def once_table(found: Mapping[str, Once], names: Sequence[str]) -> dict[str, list[str]]:
    """Columns: what each method found this time."""
    return {
        "search": list(found),
        "tried": [str(len(each.trials)) for each in found.values()],
        **{
            name: [f"{each.best[place]:g}" for each in found.values()]
            for place, name in enumerate(names)
        },
        "its own run": [number(min(_losses(each)), ".3f") for each in found.values()],
        "worth, over three seeds": [number(each.found[-1], ".3f") for each in found.values()],
    }


def winners(found: Mapping[str, Once]) -> str:
    """How often a search's winner looked better than it is."""
    lucky = sum(min(_losses(each)) < each.found[-1] for each in found.values())
    said = (
        f"*Its own run* is what the search saw, with one seed. In {lucky} of {len(found)} searches "
        "it is lower than what the setting is *worth*. "
    )
    if lucky > len(found) / 2:
        return said + "Whoever picks the luckiest of many runs picks luck, too."
    return said + "Try another seed: picking the luckiest of many runs usually picks luck, too."


def _losses(once: Once) -> list[float]:
    """Of the runs that were not given up."""
    return [trial.loss for trial in once.trials if not trial.pruned]


OWN_TEXT = (
    "Now in earnest: each trial trains a small GPT on your text. It takes about half a minute on "
    "an idle computer. In the end the setting that was found meets the usual one with three seeds "
    "that the search has not seen. The progress counts eighths of a run: 80 for the search, 48 for "
    "that comparison."
)
TRIALS_ALT = "The loss of each trial of the search on this text"
PALER = "Fainter: given up before the end."


def own_text(name: str, used: int, whole: int) -> str:
    """Which text a search reads."""
    said = f"**Text**: “{name}”, {used:,} characters"
    return said + (f" (the first of {whole:,})." if used < whole else ".")


def too_short(have: int, need: int) -> str:
    """A text that can't be searched on."""
    return f"This text has {have:,} characters; a search needs at least {need:,}."


def setting(choice: Mapping[str, float]) -> str:
    """A setting in a few words."""
    return ", ".join(f"{name} {value:g}" for name, value in choice.items())


def check_found(value: Mapping[str, Any]) -> str:
    """Whether what was found is better than the usual setting, by new seeds."""
    ours, usual = value["check"]["found"], value["check"]["usual"]
    said = f"Found: **{setting(value['best'])}**. The usual one: {setting(value['usual'])}. "
    if any(each is None for each in (*ours, *usual)):
        return said + "One of the runs that were to compare them broke, so nothing can be said."
    found = paired(usual, ours)
    means = f"({number(fmean(ours), '.3f')} against {number(fmean(usual), '.3f')} bits)"
    if value["best"] == value["usual"]:
        return said + "They are the same."
    if found.sign > 0:
        return said + f"With three new seeds it is **better** {means}: by {interval(found)} bits."
    if found.sign < 0:
        return said + f"With three new seeds it is **worse** {means}: {interval(found)} bits."
    return said + (
        f"Three new seeds **can't tell them apart** {means}: {interval(found)} bits, and 0 lies "
        "within."
    )


# ---- Scaling ----

SCALING = (
    "A larger model, or more text? Small runs can tell, if the loss follows a **scaling law**: a "
    "formula that is fitted to small runs and says what a larger one will come to."
)
LAW = r"\text{bits} = E + \frac{A}{N^a} + \frac{B}{D^b}"
LAW_PARTS = (
    "N parameters, D characters read. **E** stays whatever one does, the second term is what a "
    "small model lacks, the third what a short training lacks."
)
CLOUD_ALT = "Loss over compute of the recorded runs, the fitted law, and the run that was left out"
PLANE_ALT = "Parameters and characters read of the recorded runs and of the notebooks' model"
RUNS_NAME, NOTEBOOK_NAME = "recorded runs", "the notebooks' model"


def scaling_recorded(found: Scaling) -> str:
    """What was run."""
    decades = math.log10(found.compute.max() / found.compute.min())
    seeds = counted(found.seeds, "seed")
    widths = len(set(found.widths.tolist()))
    return (
        f":material/history: Recorded: {len(found.bits)} runs ({seeds}), {widths} widths, 2 "
        f"layers, {found.read.min():,.0f} to {found.read.max():,.0f} characters, drawn from 2.8 "
        f"million of the generated sitcom; {number(decades, '.1f')} decades of compute. The "
        "learning rate is 0.016, scaled by width."
    )


def law_found(found: Scaling) -> str:
    """The fitted numbers with what they could as well be."""
    parts = []
    for name in ("E", "a", "b"):
        ends = sorted(getattr(law, name) for law in found.laws)
        low, high = ends[int(0.025 * len(ends))], ends[int(0.975 * (len(ends) - 1))]
        value = number(getattr(found.law, name))
        parts.append(f"{name} = **{value}** ({number(low)} to {number(high)})")
    said = (
        f"Fitted: {', '.join(parts)}. In brackets: 95% of {len(found.laws)} fits to runs drawn "
        f"again. A run lies {number(found.error, '.3f')} bits off the law (one standard deviation)."
    )
    floors = sorted(law.E for law in found.laws)
    if floors[int(0.025 * len(floors))] < 0.01:
        said += (
            " The band of E reaches 0: what stays whatever one does can't be read off runs as "
            "short as these."
        )
    return said


def fit_found(found: Scaling) -> str:
    """Whether the runs lie off the law more often than chance would have it."""
    count, off = len(found.above), found.off
    if not count:
        return "With fewer than three seeds nobody can say how far off luck alone takes a run."
    said = (
        f"Is that the law's fault or luck's? In {len(off)} of {count} pairs of width and length, "
        "the 95% interval over the seeds lies off the law. By luck alone that happens in one of "
        "20. "
    )
    if off:
        (width, read), gap = max(off.items(), key=lambda item: abs(item[1].mean))
        said += f"Furthest off: {width} wide after {read:,} characters, by {interval(gap)} bits. "
    if found.misses:
        return said + (
            "So this law is **not quite the shape of these runs**. Its curves only ever flatten; "
            "look whether the dots do."
        )
    return said + "So the law **fits** these runs, as far as the seeds show."


def left_out(found: Scaling) -> str:
    """Whether the prediction held."""
    n, d, flops, bits = found.left
    middle, low, high = found.expected(n, d)
    more = flops / found.compute.max()
    said = (
        f"One run was **left out** of the fit: {n:,.0f} parameters, {number(more, '.1f')} times "
        f"the compute of the largest. The law predicts {number(middle, '.3f')} bits "
        f"({number(low, '.3f')} to {number(high, '.3f')}). It came to **{number(bits, '.3f')}**: "
    )
    if low <= bits <= high:
        return said + "**within** the predicted band."
    off = number(bits - middle, "+.3f")
    return said + f"**outside** the predicted band, {off} bits off. The law doesn't hold that far."


def notebook_found(found: Scaling) -> str:
    """Where the notebooks' model stands, and what would have helped it."""
    n, d = NOTEBOOK
    far = n / found.parameters.max()
    ways = {
        "twice the text, read once": found.gain(1, 2),
        "twice the parameters, the same text": found.gain(2, 1),
        "both (four times the time)": found.gain(2, 2),
    }
    lines = "\n".join(
        f"- {name}: **{number(mean, '.3f')}** bits less ({number(low, '.3f')} to "
        f"{number(high, '.3f')})"
        for name, (mean, low, high) in ways.items()
    )
    (text, *_), (size, *_) = ways["twice the text, read once"], [*ways.values()][1]
    caution = "" if found.misses else " So take the direction from it, not the bits."
    first = "More text" if text > size else "A larger model"
    apart = abs(text - size) > 0.5 * max(hi - lo for _, lo, hi in ways.values())
    verdict = (
        f"{first} would have helped more."
        if apart
        else f"{first} seems to help more, but a band is twice as wide as the difference, or wider."
    )
    if found.misses:
        verdict += (
            " And since these runs don't have the law's shape, **none of this is more than a "
            "guess**: the bands only know the runs' scatter, not that the formula is wrong."
        )
    return (
        f"The notebooks' model has {n / 1e6:.1f} million parameters and {d / 1e6:.0f} million "
        f"characters of text: {number(far, '.0f')} times as many parameters as the largest model "
        f"that the law was fitted to. If it held that far:\n\n{lines}\n\n{verdict} Time alone, "
        "for another pass over the same text, is no term of this law: it counts every character "
        f"as new. And it was fitted to **another** text.{caution}"
    )


# ---- Known settings ----

KNOWN = (
    "Press a button and see what a setting does, beside one that is known to be good. Solid: "
    "held-out text. Dotted: the training text."
)
CASES = {
    "rate_large": "rate 30 times too large",
    "rate_small": "rate 30 times too small",
    "batch_1": "a batch of one piece",
    "short_text": "a text of 2,000 characters",
    "post_cold": "12 layers, post-norm, no warm-up",
}
GOOD = {
    "good": "good (rate 0.016, 8 pieces)",
    "deep_good": "good (12 layers, pre-norm, warm-up)",
}
KNOWN_ALT = "Loss of a bad run and of a good one while they read"
COUNTING = "who only counts characters"


def reason(case: str, bad: Mapping[str, Any], good: Mapping[str, Any]) -> str:
    """What the run itself shows, by its numbers."""
    last, beside = bad["looks"][-1], good["looks"][-1]
    if last["held_out"] is None:
        return "It **broke**: its loss is no number any more."
    gap = last["held_out"] - beside["held_out"]
    end = (
        f"It ends at **{number(last['held_out'], '.3f')}** bits, the good one at "
        f"{number(beside['held_out'], '.3f')}. "
    )
    if gap <= 0:
        return end + "With this seed it is **no worse** than the good one."
    return end + _REASONS[case](bad, good)


def _large(bad: Mapping[str, Any], good: Mapping[str, Any]) -> str:
    a, b = (_mean(value, "move") for value in (bad, good))
    said = (
        f"The reason: a step moves all weights together by {_percent(a)} of their length, on "
        f"average, against {number(100 * b, '.1f')}%. "
    )
    if a > 2 * b:
        return said + "What one batch teaches, the next one's step throws over."
    return said + "That is no larger than usual, so the size of the steps doesn't explain it."


def _small(bad: Mapping[str, Any], good: Mapping[str, Any]) -> str:
    a, b = (_mean(value, "move") for value in (bad, good))
    tail = bad["looks"][2 * len(bad["looks"]) // 3 - 1]
    falls = tail["held_out"] - bad["looks"][-1]["held_out"]
    said = (
        f"The reason: a step moves the weights by only {number(100 * a, '.2f')}% of their length, "
        f"against {number(100 * b, '.1f')}%. "
    )
    if falls > 0:
        return said + (
            f"Nothing is wrong with it, it is **slow**: in the last third the loss still fell, by "
            f"{number(falls, '.3f')} bits."
        )
    return said + "And in the last third it fell no more."


def _scatter(bad: Mapping[str, Any], good: Mapping[str, Any]) -> str:
    a, b = bad["scatter"], good["scatter"]
    if a is None or b is None:
        return "The losses of its batches are no numbers to compare."
    said = (
        "The reason: a single piece of text is a poor sample. From batch to batch its loss "
        f"scatters by {number(a, '.2f')} bits, against {number(b, '.2f')}. "
    )
    if a > 1.2 * b:
        return said + "Each gradient points as much at this one piece as at the language."
    return said + "That is not much more, so it hardly explains the difference."


def _short(bad: Mapping[str, Any], good: Mapping[str, Any]) -> str:
    last, beside = bad["looks"][-1], good["looks"][-1]
    apart = last["held_out"] - last["loss"]
    said = (
        f"The reason: on its own text it reaches {number(last['loss'], '.3f')} bits, on held-out "
        f"text {number(last['held_out'], '.3f')}. "
    )
    lowest = min(look["held_out"] for look in bad["looks"])
    if apart > 0.3 + beside["held_out"] - beside["loss"]:
        return said + (
            f"It learns the text **by heart** (overfitting). Its held-out loss was lowest at "
            f"{number(lowest, '.3f')}, before the end."
            if lowest < last["held_out"]
            else "It learns the text **by heart** (overfitting)."
        )
    return said + "The two are close: it is no overfitting."


def _cold(bad: Mapping[str, Any], good: Mapping[str, Any]) -> str:
    last, counting = bad["looks"][-1]["held_out"], bad["counting"]
    a, b = (bad["looks"][0]["move"], good["looks"][0]["move"])
    said = (
        f"In the first steps its weights move by {number(100 * a, '.1f')}% of their length each, "
        f"the good one's by {number(100 * b, '.1f')}%. "
    )
    if abs(last - counting) < 0.05:
        return said + (
            f"The reason: it has learned how frequent each character is and **nothing else** "
            f"(counting alone reaches {number(counting, '.3f')}). What came before a character "
            "hardly reaches its predictions."
        )
    return said + "But it has learned more than to count characters; it is only behind."


def _mean(value: Mapping[str, Any], name: str) -> float:
    return fmean(look[name] for look in value["looks"] if look[name] is not None)


_REASONS = {
    "rate_large": _large,
    "rate_small": _small,
    "batch_1": _scatter,
    "short_text": _short,
    "post_cold": _cold,
}

TRY = (
    "Run the range test for a width of 16 and of 64. Does it see that the best rate moves?",
    "In the landscape, choose *learning rate × batch size*. What does a larger batch do to the "
    "best rate?",
    "Press *a single search* and change the seed a few times. How often does another method win?",
    "Let a search run on a text of your own (Data page), then again with another seed. Does it "
    "find the same setting?",
)
QUESTIONS = (
    (
        "You try twenty settings with one seed each and take the best. Why will it disappoint you?",
        "Its loss was partly luck: the luckiest of twenty. Run it again with new seeds, beside the "
        "setting that you had before, and compare pairs.",
    ),
    (
        "You make a model four times as wide. Which setting should you look at first?",
        "The learning rate: without a scaling by width it usually has to be smaller for a wider "
        "model. muP is made to take care of it.",
    ),
    (
        "A friend says: “the batch size doesn't matter, I tried.” What do you ask?",
        "Over which range, with which other settings, and how many seeds. What matters is a "
        "question about a range, and a difference has to be larger than the noise.",
    ),
)
ABILITIES = (
    "find the order of magnitude of a learning rate in one run",
    "say whether a difference between two settings may be believed",
    "choose a way to search, and check what it found",
    "read what a scaling law predicts, and how far to trust it",
)
READING = (
    "Smith 2017, [Cyclical Learning Rates for Training Neural Networks]"
    "(https://arxiv.org/abs/1506.01186): the range test, section 3.3",
    "Bergstra & Bengio 2012, [Random Search for Hyper-Parameter Optimization]"
    "(https://www.jmlr.org/papers/v13/bergstra12a.html)",
    "Bergstra et al. 2011, [Algorithms for Hyper-Parameter Optimization]"
    "(https://papers.nips.cc/paper/4443-algorithms-for-hyper-parameter-optimization): TPE",
    "Li et al. 2020, [A System for Massively Parallel Hyperparameter Tuning]"
    "(https://arxiv.org/abs/1810.05934): successive halving without waiting",
    "Akiba et al. 2019, [Optuna](https://arxiv.org/abs/1907.10902): the library that searches here",
    "Hutter, Hoos & Leyton-Brown 2014, [An Efficient Approach for Assessing Hyperparameter "
    "Importance](https://proceedings.mlr.press/v32/hutter14.html): shares of the variance",
    "Yang et al. 2022, [Tensor Programs V](https://arxiv.org/abs/2203.03466): muP",
    "Hoffmann et al. 2022, [Training Compute-Optimal Large Language Models]"
    "(https://arxiv.org/abs/2203.15556): the scaling law fitted here",
)
