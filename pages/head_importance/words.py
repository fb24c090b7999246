"""What the lesson on head importance says. Every finding is read from the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ui.app.lesson import Answer
from ui.show.numbers import counted, number, percent, sure_and_wrong

if TYPE_CHECKING:
    from gpt_core.interpret.induction import RepeatTest
    from gpt_core.model.config import GPTConfig

BITS = 1 / math.log(2)  # of a nat
AFTER, INDUCTION = "after copies", "induction"
BADGES = {"previous token": "previous", "first token": "first", "same token": "same"}
UNCLEAR = "no clear pattern"
CLEARLY = "clearly more than by chance"
PLACES = ("the most valuable of all", "in the upper half", "in the lower half")
OF_TWO = ("the more valuable of the two", "the less valuable of the two")
# Who gained less than this share of what was recovered has not taken over.
TAKEN_OVER = 0.1
NEARLY = 1.5  # times chance: a head that gives less doesn't come close to passing a test
# Losses of two models further apart than this factor: what their heads are worth can't be compared.
ALIKE = 1.5

GOAL = "Tell what a head looks at from what it is worth, and measure both."
INTRO = (
    "Each picture is one head on your prompt: a row for the token that looks, a column for the "
    "token it looks at. Some patterns have a name, a **role**. The names under the pictures come "
    "from {texts}, not from your prompt alone."
)
TASK = "Click heads. Which picture is the sharpest, that is, points at single tokens most clearly?"
WHY_TWICE = (
    "Take tokens in random order, and repeat the sequence. The first time nothing predicts the "
    "next token. The second time there is a way: find where this token stood before, and look at "
    "what came **after** it. A head that does this is an **induction head**. It needs the result "
    "of an earlier layer, in which a head has written into each token which token stood before it."
)
WHERE_TO_LOOK = (
    "A head that copies like this shows a stripe in the lower left: in the second half, each row "
    "points at the token after its own earlier copy."
)
ROLE_AND_VALUE = (
    "Find a head with a clear role and little value, or the other way round. Then open "
    "**Attention** and switch it off for your prompt."
)
HEALING = (
    "Remove the least valuable head and train on. Does the loss rise at all?",
    "Remove the same head with another seed. Which numbers change, and by how much?",
)


def to_try(config: GPTConfig) -> tuple[str, ...]:
    """What to do on the page; another model to train is one of another depth."""
    other = "two layers" if config.n_layer == 1 else "one layer"
    single = config.n_layer * config.n_head == 1  # without it, none is left to take over
    return (
        ROLE_AND_VALUE,
        *(() if single else HEALING),
        f"Train a model with {other} (Training), choose it, and come back. Has it an induction "
        "head, which needs an earlier layer?",
    )


QUESTIONS = (
    (
        "A head gives 14% of its attention to the speaker's name; chance is 2%. Name one thing "
        "that is true of it, and one that is not shown.",
        "It looks at the speaker seven times as much as chance: that is its role. But 86% goes "
        "elsewhere, and the share says nothing about what the head is worth.",
    ),
    (
        "A head looks at what came after earlier copies in scenes, but not where random tokens "
        "repeat. Is it an induction head?",
        "No. It goes by something else that such places in scenes have in common, such as the kind "
        "of word.",
    ),
    (
        "With zeros in place of its z, a head costs 10 bits; with its average in place, 1 bit. "
        "What do the other 9 come from?",
        "From what the head always adds, whatever the text is. Later layers were trained with it; "
        "without it they meet numbers that they never met in training.",
    ),
)
ABILITIES = (
    "tell a role's strength (share against chance) from its certainty (standard errors)",
    "test whether a head is an induction head",
    "measure what a head is worth, and say what such a number doesn't show",
)
READING = (
    "Voita et al. 2019, [Analyzing Multi-Head Self-Attention](https://arxiv.org/abs/1905.09418): "
    "a few heads with roles do the heavy lifting, the rest can be pruned",
    "Michel, Levy & Neubig 2019, [Are Sixteen Heads Really Better than One?]"
    "(https://arxiv.org/abs/1905.10650): removing heads one by one",
    "Jain & Wallace 2019, [Attention is not Explanation](https://arxiv.org/abs/1902.10186), and "
    "the reply by Wiegreffe & Pinter 2019, [Attention is not not Explanation]"
    "(https://arxiv.org/abs/1908.04626)",
    "Olsson et al. 2022, [In-context Learning and Induction Heads]"
    "(https://transformer-circuits.pub/2022/in-context-learning-and-induction-heads/index.html)",
    "McGrath et al. 2023, [The Hydra Effect](https://arxiv.org/abs/2307.15771): remove a layer of "
    "a large model, and later ones make up for part of it at once",
)
TOO_SHORT = (
    "There is too little text that this model never learned: roles are judged on eight pieces of "
    "it or more."
)
HOW_CALIBRATED = """
A head that spreads its attention everywhere also hits the speaker. So each share is compared with
its **chance**: the same head, the same rows.

- *First token*: chance is an average place that the row may see.
- *Previous token* and *itself*: chance is attention that merely **fades** with distance. What the
  head gives to the places three and two back is continued to the nearer ones, at most doubling each
  time. A head that halves its attention with every step back is not named for it.
- All others: chance is the same head's attention to shuffled targets. They are as far away, but are
  other words. A head that merely looks twenty tokens back gets nothing for it.

A pattern counts as clear if three conditions are met:

1. its share is at least **twice** chance,
2. it lies at least **4%** of all attention above chance,
3. it is no accident of these texts: the difference is six standard errors or more. (A standard
   error is how much such a mean would vary with other texts.)

The first two are about **strength**, the third is about **certainty**. A head may have several
roles. One without a clear role may still do a lot.

Shuffled targets control the distance, not the kind of word: a head that prefers names passes where
the targets are names. So *after copies*, the token after an earlier copy, is called **induction**
only if the head also looks there where random tokens repeat.

The speaker is the name at the beginning of the line `NAME: words`. The object is the thing of the
show that the scene names most often. Where the texts have no such lines or things, these two roles
are left out.
"""


def intro(imported: bool) -> str:
    """What the pictures show; nobody knows what an imported model has read."""
    came = "the last part of the text that came with this model"
    return INTRO.format(texts=came if imported else "texts that the model never learned")


def head_name(head: Sequence[int]) -> str:
    """How a head is called in a sentence."""
    return f"layer {head[0]}, head {head[1]}"


def short_name(head: Sequence[int]) -> str:
    """How a head is called beside a bar."""
    return f"layer {head[0]} head {head[1]}"


def roles_in(entry: dict[str, Any]) -> list[str]:
    """A head's clear roles; what looks after copies is called induction if it passed the test."""
    passed = INDUCTION if entry["repeated"] else AFTER
    return [passed if role == AFTER else role for role in entry["roles"]]


def badge(entry: dict[str, Any]) -> str:
    """A head's first role in a few letters, and how many more it has."""
    names = roles_in(entry)
    if not names:
        return "–"
    return BADGES.get(names[0], names[0]) + (f" +{len(names) - 1}" if names[1:] else "")


def bar_name(entry: dict[str, Any], roles: dict[str, Any] | None) -> str:
    """A head's name with its first role, where that is clear."""
    names = roles_in(role_of(roles, tuple(entry["head"]))) if roles else []
    first = f"{BADGES.get(names[0], names[0])} · " if names else ""
    return first + short_name(entry["head"])


def gone_name(option: str) -> str:
    """A choice in the list of heads to remove."""
    layer, dot, head = option.partition(".")
    return f"layer {layer}, head {head}" if dot else f"the {option} one"


def role_of(found: dict[str, Any], head: tuple[int, int]) -> dict[str, Any]:
    """One head's entry in the result of the job head_roles."""
    return next(entry for entry in found["heads"] if tuple(entry["head"]) == head)


def badges(found: dict[str, Any]) -> dict[tuple[int, int], str]:
    """A few letters for every head."""
    return {tuple(entry["head"]): badge(entry) for entry in found["heads"]}


def role_sentences(entry: dict[str, Any], found: dict[str, Any], rules: dict[str, str]) -> str:
    """What one head looks at: how much of its attention, and how certain that is."""
    name = f"**{head_name(entry['head']).capitalize()}**"
    if not entry["roles"]:
        return f"{name}, on {found['what']}: **{UNCLEAR}**."
    said = []
    for role, title in zip(entry["roles"], roles_in(entry), strict=True):
        share, chance, errors = entry["scores"][role]
        said.append(
            f"- **{title}**: {share:.1%} of its attention goes to {rules[role]}; chance is "
            f"{chance:.1%}. Certainty: {errors:.0f} standard errors, over {found['roles'][role]} "
            "texts."
        )
        if role == AFTER:
            said[-1] += _tested(entry["repeated"])
    return f"{name}, on {found['what']}:\n\n" + "\n".join(said) + "\n\n" + _how_much(entry)


def _tested(repeated: bool | None) -> str:
    if repeated is None:
        return " The context is too short for the test that would tell whether this is induction."
    if repeated:
        return " It also does so where random tokens repeat: it is an **induction head**."
    return (
        " It does not do so where random tokens repeat, so it is no induction head: it goes by "
        "something that these places have in common in such texts, perhaps the kind of word."
    )


def _how_much(entry: dict[str, Any]) -> str:
    share = max(entry["scores"][role][0] for role in entry["roles"])
    if share > 0.5:
        return "That is most of its attention."
    return f"None of this is most of its attention: {1 - share:.0%} or more goes elsewhere."


def how_many_clear(found: dict[str, Any]) -> str:
    """Over all heads."""
    clear = [entry for entry in found["heads"] if entry["roles"]]
    mostly = sum(any(e["scores"][role][0] > 0.5 for role in e["roles"]) for e in clear)
    total, count = len(found["heads"]), len(clear)
    signs = f"Under the pictures, +1 stands for one more role, a dash (–) for {UNCLEAR}."
    if not clear:
        who = "The only head has no" if total == 1 else "No head has a"
        return (
            f"{who} clear role: nothing gets attention **{CLEARLY}** (the rules are below). {signs}"
        )
    if count == 1:
        said = f"{count} of {total} heads has" if total > 1 else "The only head has"
        said += f" a clear role, that is, looks at something **{CLEARLY}** (twice as much at "
        said += "least; the rules are below), and gives it "
        return f"{said}{'more' if mostly else 'less'} than half of its attention. {signs}"
    of_them = f"{mostly} of them give it more than half of their attention"
    if mostly < 2:
        of_them = f"{mostly or 'none'} of them gives it more than half of its attention"
    return (
        f"{count} of {total} heads have a clear role, that is, look at something **{CLEARLY}** "
        f"(twice as much at least; the rules are below); {of_them}. {signs}"
    )


def ranked(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The heads of the job head_value, the most valuable first."""
    return sorted(found["heads"], key=lambda entry: -entry["zero"][0])


def question(head: tuple[int, int], total: int, largest: float | None) -> str:
    """What to predict. largest: what its rows give on average to one token, first column aside.

    None: there is no such row, on one token all pictures are alike.
    """
    pictures = (
        f"On one token all pictures are alike. Take {head_name(head)}."
        if largest is None
        else f"On your prompt, {head_name(head)} has the **sharpest picture** of all: its rows "
        "point at single tokens most clearly: on average the largest weight of a row, the first "
        f"column aside, is {percent(largest)}."
    )
    return (
        f"{pictures} Now sort "
        f"{'both' if total == 2 else f'all {total}'} heads by how "
        "much the loss on unseen text rises when one is removed. Where does this head stand?"
    )


def places(total: int) -> tuple[str, ...]:
    """What can be guessed: of two heads, none is in an upper half but the first."""
    return OF_TWO if total == 2 else PLACES


def _place(place: int, total: int) -> str:
    if total == 2:
        return OF_TWO[place]
    return PLACES[0] if place == 0 else PLACES[1] if place < total / 2 else PLACES[2]


def answer(guess: str, head: tuple[int, int], found: dict[str, Any] | None) -> Answer:
    """The reveal, from the measured values."""
    if found is None:
        return Answer(
            None, "Nobody has measured this model yet. Start it below; then the answer stands here."
        )
    order = ranked(found)
    place = next(i for i, entry in enumerate(order) if tuple(entry["head"]) == head)
    truth = _place(place, len(order))
    costs = _bits(order[place]["zero"])
    said = f"It is {truth}: place {place + 1} of {len(order)}; without it the loss rises by {costs}"
    if place == 0:
        why = f"{said}. Here the sharpest head is the most valuable one. Don't rely on it."
        why += _overlap(order[0], order[1])
    else:
        best = order[0]
        why = (
            f"{said}. The most valuable is {head_name(best['head'])}, with {_bits(best['zero'])}. "
            "A clear picture is no proof of use."
        )
        why += _overlap(best, order[place])
    # The guess that names the place which the overlap leaves open isn't shown to be wrong.
    unclear = (
        guess != truth and guess == _place(0, len(order)) and bool(_overlap(order[0], order[place]))
    )
    return Answer(None if unclear else guess == truth, why)


def _overlap(more: dict[str, Any], less: dict[str, Any]) -> str:
    """Whether the texts leave open which of two heads is worth more."""
    if less["zero"][2] < more["zero"][1]:
        return ""
    other = head_name(less["head"])
    return (
        f" But the intervals of {head_name(more['head'])} and {other} overlap: they don't decide "
        "which of the two is worth more."
    )


def _bits(nats: Sequence[float]) -> str:
    value, low, high = (number(n * BITS, ".3f") for n in nats)
    return f"{value} bits per token (95% interval {low} to {high})"


def value_sentences(found: dict[str, Any], vocab_size: int) -> str:
    """What the leaderboard says."""
    order = ranked(found)
    best, total = order[0], len(order)
    loss, per_character = found["loss"], found["bits_per_nat"]
    without = (loss + best["zero"][0]) * BITS
    said = (
        f"With all heads the loss is **{number(loss * BITS, '.3f')}** bits per token, which is "
        f"**{number(loss * per_character, '.3f')}** bits per character, on {found['what']} "
        f"({found['tokens']:,} tokens). Without {head_name(best['head'])} it rises most: by "
        f"**{number(best['zero'][0] * BITS, '.3f')}** bits per token to {number(without, '.2f')}"
    )
    guessing = math.log2(vocab_size)
    if sure_and_wrong(without, guessing):
        said += (
            f". That is more than guessing would cost (log₂ {vocab_size:,} = "
            f"{number(guessing)} bits): what comes after the head meets numbers that never came up "
            "in training, and makes something of them that is wrong with confidence"
        )
    said += (
        ". With the head's average in place of zeros it changes by "
        f"{number(best['mean'][0] * BITS, '+.3f')} bits. "
    )
    return said + _unsure(order, total)


def _unsure(order: Sequence[dict[str, Any]], total: int) -> str:
    unsure = sum(entry["zero"][1] <= 0 <= entry["zero"][2] for entry in order)
    better = sum(entry["zero"][2] < 0 for entry in order)
    said = ""
    if unsure:
        theirs = "its 95% interval contains" if unsure == 1 else "their 95% intervals contain"
        it = "it matters" if unsure == 1 else "they matter"
        said += f"Of {total} heads, {unsure}: {theirs} 0, so we can't say that {it}. "
    if total == 1 and (unsure or better):
        return (
            "Its 95% interval contains 0, so we can't say that the head matters. "
            if unsure
            else "Without it the loss on these texts is even lower. "
        )
    if better:
        said += f"Without {better} of them the loss on these texts is even lower. "
    if not unsure and not better:
        every = {1: "Its interval lies", 2: "Both intervals lie"}
        said += f"{every.get(total, f'All {total} intervals lie')} above 0. "
    return said


def roles_and_values(found: dict[str, Any], roles: dict[str, Any]) -> str | None:
    """Whether the heads with a clear role are the valuable ones; None where nobody can compare."""
    order = ranked(found)
    clear = [bool(role_of(roles, tuple(entry["head"]))["roles"]) for entry in order]
    if all(clear) or not any(clear):
        return None
    half = len(order) // 2
    upper, lower = sum(clear[:half]), sum(clear[len(order) - half :])
    said = (
        f"Heads with a clear role: {upper} of the {half} most valuable, {lower} of the {half} "
        "least valuable. "
    )
    if upper - lower > half / 2:
        return said + "In this model the two go together; in another they need not."
    return said + "So a role doesn't tell what a head is worth."


ABOUT_VALUES = (
    "A bar is how much the loss rises when the head's z is set to **zero** (zero-ablation); the "
    "thin line is a 95% interval over texts: the texts are drawn again, each with and without the "
    "head. The diamond is a milder removal (mean-ablation): the head's **average** z in place of "
    "its own, so that only what depends on *this* text is gone. Where the two differ much, part of "
    "a zero's damage is that what comes after it meets numbers that never came up in training. And "
    "a small value doesn't prove a head useless: others may do the same work."
)


def heal_sentences(found: dict[str, Any], vocab_size: int) -> str:
    """What happened after a head was removed."""
    healed, twin = found["curve"]["healed"], found["curve"]["twin"]
    cut, left = healed[0] - twin[0], healed[-1] - twin[-1]
    sequences, length = found["batch"]
    said = (
        f"Removed for good: **{head_name(found['head'])}**. Its z is zero from now on. The loss, "
        f"measured here on {found['what']} ({found['tokens']:,} tokens), changes by "
        f"**{number(cut * BITS, '+.3f')}** bits per token, to {number(healed[0] * BITS)}"
    )
    guessing = math.log2(vocab_size)
    if healed[0] * BITS > guessing:
        said += f", which is worse than guessing (log₂ {vocab_size:,} = {number(guessing)})"
    said += (
        f". (With the head's average in its place: {number(found['mean'][0] * BITS, '+.3f')}.) "
        f"Then the model trains on for {found['steps']} steps of {sequences} × {length} tokens "
        f"(seed {found['seed']}, learning rates a tenth of their peak, falling to 0). A **twin** "
        "with all its heads trains on the same batches, because training on changes a model by "
        f"itself. In the end **{number(left * BITS, '.3f')}** bits separate the two"
    )
    if found["cut"][1] > 0:
        share = min(1.0, max(0.0, 1 - left / cut))
        said += f": {share:.0%} of the increase in loss was recovered"
    return said + ".\n\n" + who_took_over(found)


def who_took_over(found: dict[str, Any]) -> str:
    """Whether another head took over, and how much of what was recovered.

    A head took over if its gain is at least a tenth of what was recovered and the 95% interval of
    the gain lies above 0.
    """
    healed, twin = found["curve"]["healed"], found["curve"]["twin"]
    recovered = (healed[0] - twin[0]) - (healed[-1] - twin[-1])
    if found["cut"][1] <= 0:
        return (
            "There was **nothing to take over**: the 95% interval of the loss's rise contains 0, "
            "or the loss even fell."
        )
    if recovered <= 0:
        return "**No head took over**: nothing of the increase was recovered."
    gains = sorted(found["others"], key=lambda other: -other["gain"][0])
    first = gains[0]
    gain, low, _ = first["gain"]
    of = f"{number(gain * BITS, '.3f')} of {number(recovered * BITS, '.3f')} bits"
    if gain < TAKEN_OVER * recovered or low <= 0:
        if gain <= 0:
            said = "**No head took over**: no other head is worth more than in the twin. "
        else:
            said = (
                f"**No head took over**: the largest gain is {of}, {head_name(first['head'])}'s. "
            )
        said += "The recovery is spread over all weights (MLPs and embeddings were trained, too). "
    else:
        others = sum(
            other["gain"][0] >= TAKEN_OVER * recovered and other["gain"][1] > 0
            for other in gains[1:]
        )
        also = f" (and so {'has' if others == 1 else 'have'} {others} more)" if others else ""
        said = (
            f"**{head_name(first['head']).capitalize()}** took over a part{also}: it is worth "
            f"{number(first['healed'] * BITS, '.3f')} bits now and "
            f"{number(first['twin'] * BITS, '.3f')} in the twin. The gain is {of} recovered. "
        )
        if gain > recovered:
            said += "(More than all of it: what heads are worth doesn't add up.) "
    counts = counted(len(gains), "comparison")
    said += f"The intervals are over texts; this is one seed and {counts}."
    if healed[-1] > ALIKE * twin[-1]:
        said += (
            f" And the two models are far apart, at {number(healed[-1] * BITS, '.3f')} and "
            f"{number(twin[-1] * BITS, '.3f')} bits: what a head is worth in the one can hardly be "
            "compared with what it is worth in the other."
        )
    return said


def heal_table(found: dict[str, Any]) -> dict[str, list[str]]:
    """Columns of a table: what every other head is worth in three states, bits per token."""
    others = sorted(found["others"], key=lambda other: -other["gain"][0])
    states = {"before": "before", "after training on": "healed", "in the twin": "twin"}
    columns = {"head": [short_name(other["head"]) for other in others]}
    for title, state in states.items():
        columns[title] = [number(other[state] * BITS, ".3f") for other in others]
    return columns


def copied(test: RepeatTest, ngrams: int = 0) -> str:
    """Whether the second copy is easier."""
    first, second = test.first * BITS, test.second * BITS
    said = (
        f"The first time these tokens cost **{number(first)}** bits each, the second time "
        f"**{number(second)}**. "
    )
    if second < 0.5 * first:
        return said + "**This model has learned to copy**: the second time costs less than half. "
    if second < 0.9 * first:
        return said + "The first time helps with the second, but it is far from copying. "
    how = "costs more" if second > 1.05 * first else "costs hardly less"
    if 0.95 * first < second <= 1.05 * first:
        how = "costs about as much"
    said += f"**This model has not learned to copy** such a sequence: the second time {how}. "
    if test.share.shape[0] == 1 and not ngrams:
        return said + "It could not: that takes a head in an earlier layer, and it has one layer. "
    return said + "Perhaps nothing in its training called for it. "


def induction_sentences(test: RepeatTest, head: tuple[int, int], ngrams: int = 0) -> str:
    """Which head looks most at the token after the earlier copy, and whether it passes."""
    share, chance = test.share[head].item(), test.chance[head].item()
    passed = int(test.passed().sum())
    average = f"an average token of the first copy: {percent(chance)}"
    numbers = f"{percent(share)} of its attention ({average})"
    if not passed:
        said = copied(test, ngrams) + "**No head passes the test.** "
        if share <= chance:
            return said + (
                "None looks there more than at an average token of the first copy, not even "
                f"{head_name(head)}, which comes nearest: {numbers}."
            )
        if share < NEARLY * chance:
            return said + (
                "None looks there much more than at an average token of the first copy; the most "
                f"above that is {head_name(head)}: {numbers}."
            )
        return said + f"Closest comes {head_name(head)}: {numbers}."
    heads = "One head passes" if passed == 1 else f"{passed} heads pass"
    return (
        copied(test, ngrams)
        + f"**{heads} the test.** Most of all, {head_name(head)} looks at the token "
        f"after the earlier copy: {numbers}."
    )


def most_valuable(shown: int, heads: int) -> str:
    """Where not all heads are drawn."""
    return f"The {shown} most valuable of {heads} heads."


ROLES_ALT = "The chosen head's share of attention for each role, and chance"
VALUES_ALT = "What the model loses without each head, with 95% intervals"
HEALING_ALT = "Loss after the removal and during training on, beside a twin"
GAINS_ALT = "How much more each head is worth after training on than in the twin"
TWICE_ALT = "Loss at each place of the sequence, both times"
CHOOSE = "Choose an answer first; then the values of all heads are shown here."
SINGLE = "This model has a single head: there is no other that could take over."
NO_ROOM = "This model's context is too short to repeat a sequence."
ONE_TOKEN = "Your prompt is a single token. It takes two to see what comes next."
RISE, GAIN = "rise of the loss, bits per token", "more than in the twin, bits per token"
