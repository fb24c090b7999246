"""What the Multi-head lesson says. Every finding is read from the numbers, none is written down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ui.app.lesson import Answer
from ui.show.numbers import number, tidy
from ui.show.tokens import code

if TYPE_CHECKING:
    from gpt_core.interpret.induction import RepeatTest
    from gpt_core.interpret.output_projection import OutputStep
    from gpt_core.model.config import GPTConfig

BADGES = {
    "previous token": "previous",
    "first token": "first",
    "itself": "itself",
    "same token": "same",
    "induction": "induction",
    "speaker": "speaker",
    "object": "object",
}
UNCLEAR = "no clear pattern"
PLACES = ("the most valuable of all", "in the upper half", "in the lower half")

READING = (
    "Vaswani et al. 2017, [Attention Is All You Need](https://arxiv.org/abs/1706.03762), section "
    "3.2.2: several heads, and one matrix after them",
    "Elhage et al. 2021, [A Mathematical Framework for Transformer Circuits]"
    "(https://transformer-circuits.pub/2021/framework/index.html): heads as parts that add",
    "Voita et al. 2019, [Analyzing Multi-Head Self-Attention](https://arxiv.org/abs/1905.09418): "
    "a few heads with roles do the heavy lifting, the rest can be pruned",
    "Michel, Levy & Neubig 2019, [Are Sixteen Heads Really Better than One?]"
    "(https://arxiv.org/abs/1905.10650): removing heads one by one",
    "Jain & Wallace 2019, [Attention is not Explanation](https://arxiv.org/abs/1902.10186)",
    "Olsson et al. 2022, [In-context Learning and Induction Heads]"
    "(https://transformer-circuits.pub/2022/in-context-learning-and-induction-heads/index.html)",
    "McGrath et al. 2023, [The Hydra Effect](https://arxiv.org/abs/2307.15771): cut one off, and "
    "others step in",
)

WHAT_ROLES = (
    "Each picture is one head on your prompt: a row asks, a column is asked. Some patterns have a "
    "name, a **role**. The names under the pictures were not given for this prompt alone: they "
    "come from texts that the model never learned, and only where the pattern beats chance. "
    "Choose a head by a click."
)

WHY_TWICE = (
    "Take tokens in random order, and say them twice. The first time nobody can know what comes "
    "next. The second time there is a way: find where this token stood before, and look at what "
    "came **after** it. A head that does this is an **induction head**. It needs a helper in an "
    "earlier layer, one that tells each token what stood before it."
)

WHERE_TO_LOOK = (
    "A head that copies like this shows a stripe in the lower left: in the second half, each row "
    "points at the token after its own earlier copy."
)

TRY = (
    "In the hand calculation, walk through the tokens. Does always the same head write most?",
    "Find a head with a clear pattern and little value, or the other way round. Then open "
    "**Attention** and switch it off for your prompt.",
    "Remove a worthless head and let the rest heal. Does the loss jump at all?",
    "Take the same head with another seed. Is it the same head that takes over?",
    "Train a model with one layer (Training), choose it, and come back. Can it have an induction "
    "head that needs a helper in an earlier layer?",
)

TOO_SHORT = (
    "There is too little text that this model never learned: roles are judged on eight pieces of "
    "it or more."
)

HOW_CALIBRATED = """
Who looks at everything also looks at the speaker. So each score stands beside its **chance**: the
same head, the same rows, but the targets shuffled.

- *First token*: all places that the row may see are equally likely.
- *Previous token* and *itself*: only the nearest eight places are. "Looks nearby" is not a role.
- All others: a target keeps a usual **distance** and loses its **word**. A head that merely looks
  twenty tokens back gets nothing for it.

A pattern is called clear when all three hold: at least **twice** its chance, at least **4%** of all
attention above it, and so in text after text (six standard errors). Everything else is "no clear
pattern", which doesn't mean that the head does nothing.

The speaker is the name at the beginning of the line `NAME: words`. The object is the thing of the
show that the scene names most often. Where the texts have no such lines or things, these two roles
are not offered.
"""


def head_name(head: Sequence[int]) -> str:
    """How a head is called in a sentence."""
    return f"layer {head[0]}, head {head[1]}"


def intro(config: GPTConfig) -> str:
    """The lesson's first sentences."""
    H, D, C = config.n_head, config.head_dim, config.n_embd
    if H == 1:
        return (
            f"A layer of this model has **one head**, as wide as the stream itself: {C} numbers. "
            "Other models have several narrow heads beside each other. Here you see what comes "
            "after a head, what it looks at, and what it is worth."
        )
    return (
        f"One head can listen for one thing at a time. So a layer has several: in this model **{H} "
        f"heads**, each **{D}** numbers wide, because {H} × {D} = {C}. They work at the same time "
        "and don't see each other. Here you see how their results become one, what each head looks "
        "at, and what it is **worth** when you take it away."
    )


def step(config: GPTConfig, layer: int, position: int, token: str) -> str:
    """Where the numbers below come from."""
    H, D, C = config.n_head, config.head_dim, config.n_embd
    return (
        f"At position {position}, the token {code(token)}, every head of layer {layer} has "
        f"mixed the values of the tokens it listens to. What it found is its **z**: {D} numbers. "
        + (
            f"Laid side by side, the {H} lists make one of **{H} × {D} = {C}** numbers:"
            if H > 1
            else f"With one head, that is the whole list of **{C}** numbers:"
        )
    )


def formula(config: GPTConfig) -> str:
    """The output projection, in LaTeX with its shapes."""
    H, D, C = config.n_head, config.head_dim, config.n_embd
    bias = rf" + \underset{{({C})}}{{b}}" if config.bias else ""
    beside = r" \,\Vert\, "
    first, last = ["z_0"], [f"z_{{{H - 1}}}"] if H > 1 else []
    zs = beside.join(first + ([r"\dots"] if H > 2 else []) + last)
    return (
        rf"\underset{{({C})}}{{\text{{attn\_out}}}} = \underset{{({C}\times {C})}}{{W_O}}\;"
        rf"\underset{{({H}\cdot {D})}}{{({zs})}}{bias}"
    )


def one_number(step: OutputStep, channel: int) -> dict[str, list[str]]:
    """Columns of a table: one number of attn_out as the sum of what the heads add to it."""
    names = [f"head {head}" for head in range(len(step.z))] + ["bias b", "sum", "the model's own"]
    D = step.z.shape[1]
    columns = [f"{h * D} … {(h + 1) * D - 1}" for h in range(len(step.z))]
    added = [*step.parts[:, channel].tolist(), step.bias[channel].item()]
    numbers = [*added, sum(added), step.attn_out[channel].item()]
    return {
        "part": names,
        "columns of W_O": [*columns, "", "", ""],
        "adds": [number(value, "+.5f") for value in numbers],
    }


def check(step: OutputStep) -> str:
    """Whether it is what the model computed."""
    return (
        f"Check: over all {len(step.attn_out)} numbers, W_O times the numbers side by side, and "
        "also the sum of the heads' parts, differ from the model's own attn_out by at most "
        f"**{tidy(step.error, 0)}**."
    )


def who_writes(step: OutputStep) -> str:
    """How much each head adds here."""
    lengths = step.parts.norm(dim=1).tolist()
    order = sorted(range(len(lengths)), key=lambda head: -lengths[head])
    listed = ", ".join(f"head {head}: {lengths[head]:.2f}" for head in order[:6])
    more = f", and {len(order) - 6} more" if len(order) > 6 else ""
    return (
        "Each head has columns of W_O of its own, so it adds a vector of its own to the residual "
        f"stream. Here the lengths are: {listed}{more}. A long vector is loud. Whether it is "
        "useful is another question, and it can be measured (below)."
    )


def short_name(head: Sequence[int]) -> str:
    """How a head is called beside a bar."""
    return f"layer {head[0]} head {head[1]}"


def bar_name(entry: dict[str, Any], roles: dict[str, Any] | None) -> str:
    """A head's name with its role, where that is clear."""
    role = roles and role_of(roles, tuple(entry["head"]))["role"]
    return f"{BADGES[role]} · {short_name(entry['head'])}" if role else short_name(entry["head"])


def gone_name(option: str) -> str:
    """A choice in the list of heads to remove."""
    layer, dot, head = option.partition(".")
    return f"layer {layer}, head {head}" if dot else f"the {option} one"


def role_of(found: dict[str, Any], head: tuple[int, int]) -> dict[str, Any]:
    """One head's entry in the result of the job head_roles."""
    return next(entry for entry in found["heads"] if tuple(entry["head"]) == head)


def badges(found: dict[str, Any]) -> dict[tuple[int, int], str]:
    """A few letters for every head."""
    return {
        tuple(entry["head"]): BADGES[entry["role"]] if entry["role"] else "–"
        for entry in found["heads"]
    }


def role_sentence(entry: dict[str, Any], what: str, rules: dict[str, str]) -> str:
    """What one head looks at."""
    name = f"**{head_name(entry['head']).capitalize()}**"
    if not entry["role"]:
        return f"{name}, on {what}: **{UNCLEAR}**."
    share, chance, t = entry["scores"][entry["role"]]
    return (
        f"{name}, on {what}: **{entry['role']}**. It gives {share:.1%} of its attention to "
        f"{rules[entry['role']]}; by chance that would be {chance:.1%}. The difference is {t:.0f} "
        "standard errors."
    )


def how_many_clear(found: dict[str, Any]) -> str:
    """Over all heads."""
    clear = sum(entry["role"] is not None for entry in found["heads"])
    total = len(found["heads"])
    return (
        f"{clear} of {total} heads {'has' if clear == 1 else 'have'} a clear pattern; a dash (–) "
        f"stands for {UNCLEAR}."
    )


def ranked(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The heads of the job head_value, the most valuable first."""
    return sorted(found["heads"], key=lambda entry: -entry["zero"][0])


def question(head: tuple[int, int], total: int) -> str:
    """What to predict."""
    return (
        f"On your prompt, {head_name(head)} has the **sharpest picture** of all: its rows point at "
        f"single tokens most clearly (the first column aside). Now sort all {total} heads by what "
        "the model loses on unseen text when one is removed. Where does this head stand?"
    )


def answer(guess: str, head: tuple[int, int], found: dict[str, Any] | None) -> Answer:
    """The reveal, from the measured values."""
    if found is None:
        return Answer(
            None, "Nobody has measured this model yet. Start it below; then the answer stands here."
        )
    order = ranked(found)
    place = next(i for i, entry in enumerate(order) if tuple(entry["head"]) == head)
    truth = PLACES[0] if place == 0 else PLACES[1] if place < len(order) / 2 else PLACES[2]
    said = (
        f"It is {truth}: place {place + 1} of {len(order)}, it costs {_nats(order[place]['zero'])}."
    )
    if place == 0:
        why = f"{said} This time the sharpest is the best. Don't rely on it."
    else:
        best = order[0]
        why = (
            f"{said} The most valuable is {head_name(best['head'])}, which costs "
            f"{_nats(best['zero'])}. Sharp is not the same as useful."
        )
    return Answer(guess == truth, why)


def _nats(numbers: Sequence[float]) -> str:
    value, low, high = (number(n, ".4f") for n in numbers)
    return f"{value} nats per token (95% band {low} to {high})"


def value_sentences(found: dict[str, Any], roles: dict[str, Any] | None) -> str:
    """What the leaderboard says."""
    order = ranked(found)
    best, total = order[0], len(order)
    bits = found["bits_per_nat"]
    unsure = sum(entry["zero"][1] <= 0 <= entry["zero"][2] for entry in order)
    better = sum(entry["zero"][2] < 0 for entry in order)
    said = (
        f"With all heads the loss is **{found['loss']:.4f}** nats per token, which is "
        f"{found['loss'] * bits:.4f} bits per character, on {found['what']} "
        f"({found['tokens']:,} tokens). Without {head_name(best['head'])} it rises most, by "
        f"**{best['zero'][0]:.4f}** nats per token or {best['zero'][0] * bits:.4f} bits per "
        "character. "
    )
    if unsure:
        said += f"Of {total} heads, {unsure} can't be told from worthless: their bands hold 0. "
    if better:
        said += f"Without {better} of them the model is even better on these texts. "
    if roles is not None:
        clear = {tuple(e["head"]): e["role"] for e in roles["heads"]}
        top = order[: max(1, total // 4)]
        named = sum(clear.get(tuple(entry["head"])) is not None for entry in top)
        number = {0: "none has", 1: "1 has"}.get(named, f"{named} have")
        said += f"Of the {len(top)} most valuable, {number} a clear pattern in the pictures."
    return said


ABOUT_VALUES = (
    "A bar is how much the loss rises when the head's z is set to **zero**; the thin line is a 95% "
    "band, from drawing the texts again with and without the head. The diamond is a milder "
    "removal: the head's **average** z in place of its own, so that only what it says about *this* "
    "text is gone. Where the two differ much, part of the damage of a zero is that later layers "
    "meet numbers they never saw in training. And a small value doesn't prove a head useless: "
    "others may have stood in for it."
)


def heal_sentences(found: dict[str, Any]) -> str:
    """What happened after the cut."""
    healed, twin = found["curve"]["healed"], found["curve"]["twin"]
    cut, left = healed[0] - twin[0], healed[-1] - twin[-1]
    sequences, length = found["batch"]
    said = (
        f"Removed for good: **{head_name(found['head'])}**. The loss jumps by **{cut:.4f}** nats "
        f"per token. Then what is left trains on for {found['steps']} steps of {sequences} × "
        f"{length} tokens (seed {found['seed']}, learning rates a tenth of their peak, falling to "
        "0). A **twin** with all its heads trains on the same batches, because training on changes "
        f"a model by itself. In the end **{left:.4f}** nats separate the two"
    )
    if cut > 0:
        said += f": {1 - left / cut:.0%} of the wound has healed"
    return said + ". " + _who_took_over(found)


def _who_took_over(found: dict[str, Any]) -> str:
    others = sorted(found["others"], key=lambda other: -other["taken"][0])
    sure = [other for other in others if other["taken"][1] > 0]
    if not sure:
        return (
            "**Nobody stands out**: no other head became surely more valuable than it is in the "
            "twin. The work was shared out, or the MLPs took it."
        )
    first = sure[0]
    more = ""
    if len(sure) > len(others) / 2:
        more = (
            f" But {len(sure)} of {len(others)} heads gained: a wounded model has less in reserve, "
            "so anything else that goes missing costs more, too."
        )
    elif len(sure) > 1:
        more = f" ({len(sure)} of {len(others)} heads surely gained.)"
    return (
        f"Most of what was taken over went to **{head_name(first['head'])}**: it is worth "
        f"{first['healed']:.4f} now and {first['twin']:.4f} in the twin. Right after the "
        f"cut, before any training, it was worth {first['cut']:.4f}, and {first['before']:.4f} in "
        f"the whole model.{more}"
    )


def heal_table(found: dict[str, Any]) -> dict[str, list[str]]:
    """Columns of a table: what every other head is worth in the four states, nats per token."""
    others = sorted(found["others"], key=lambda other: -other["taken"][0])
    states = {
        "before the cut": "before",
        "right after it": "cut",
        "after healing": "healed",
        "in the twin": "twin",
    }
    columns = {"head": [short_name(other["head"]) for other in others]}
    for title, state in states.items():
        columns[title] = [number(other[state], ".4f") for other in others]
    return columns


def induction_sentences(test: RepeatTest, head: tuple[int, int]) -> str:
    """Whether the second copy is easier, and who looks where."""
    first, second = test.first, test.second
    share, chance = test.share[head].item(), test.chance[head].item()
    said = (
        f"The first time these tokens cost **{first:.2f}** nats each, the second time "
        f"**{second:.2f}**. "
    )
    if second < 0.5 * first:
        said += "**This model has learned to copy**: it knows what comes, because it came before. "
    elif second < 0.9 * first:
        said += "It gains something from having seen them, but it is far from copying. "
    else:
        said += (
            "**This model has not learned to copy** such a sequence: having seen it once doesn't "
            "help. Its text may never have asked for it. "
        )
    if share < 2 * chance:
        return said + (
            "No head gives the token after the earlier copy even twice what an average token of "
            f"the first copy gets; closest is {head_name(head)}: {share:.1%} against {chance:.1%}."
        )
    return said + (
        f"Of all heads, {head_name(head)} looks most at the token after the earlier copy: with "
        f"{share:.1%} of its attention, where an average token of the first copy gets {chance:.1%}."
    )


def by_hand(channel: int) -> str:
    return f"By hand, the largest of them: **number {channel}** of attn_out."


ROLES_ALT = "The chosen head's share of attention for each role, and chance"
CHOOSE = "Choose an answer first; then the values of all heads are shown here."


def most_valuable(shown: int, heads: int) -> str:
    return f"The {shown} most valuable of {heads} heads."


TAKEN_ALT = "How much more each head is worth after healing than in the twin"
SINGLE = "This model has a single head: nobody is left who could take over."
NO_ROOM = "This model's context is too short to say anything twice."
ONE_TOKEN = "Your prompt is a single token. It takes two to see what comes next."
