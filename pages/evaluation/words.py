"""What the Evaluation lesson says. Findings are functions of the numbers that they speak of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from gpt_core.evaluation.calibration import COLDEST, HOTTEST
from gpt_core.evaluation.guessing import Bounds
from gpt_core.evaluation.intervals import Estimate, wilson
from gpt_core.evaluation.paired import paired
from gpt_core.evaluation.reading import nats
from gpt_core.tokenizers import Token
from gpt_core.tokenizers.base import REPLACEMENT
from pages.evaluation.results import MARKS, Calibration, Clothes, Context, Kind
from ui.app.lesson import Answer
from ui.show.names import as_text
from ui.show.numbers import counted, number, percent, powered, went
from ui.show.surprise_strip import Surprises
from ui.show.tokens import code

GOAL = "Say how good a model is, on text that it did not learn from, and how far to trust that."
INTRO = (
    "A model was trained, and it writes. Is it any good? Here it reads a text of **yours**, and "
    "text like its own that it did not learn from."
)

# ---- A text coloured by surprise ----

OWN_TEXT = "A text of your own"
DEFAULT_TEXT = "OTTO: The dog has eaten the washing machine, and nobody is angry."
WITHOUT_GUESSING = "Show the colours for every text, without a guess"
LESS, SOME, MORE, MOST = "no more", "up to 3 times as many", "3 to 10 times", "more than 10 times"
TIMES = {LESS: 1.0, SOME: 3.0, MORE: 10.0, MOST: math.inf}  # each up to this
SHORT = "Type at least two tokens: the first one has nothing before it that could predict it."
BROKEN = (
    "This model's probabilities are not numbers any more (its training went wrong), so there is "
    "nothing to measure. Choose another model at the top."
)
PEEKS = (
    "This model may look at the tokens that come later, also at the one that it should predict. "
    "So its numbers are no predictions: it can copy."
)
NO_TEXT = (
    "The part of this model's text that it did not learn from is too short to measure anything on. "
    "Choose another model at the top."
)
IMPORTED = (
    "This model came here already trained, on a text that is not here. Held-out text means, for "
    "it: the last tenth of the text that it was imported with."
)
NOT_ITS_TEXT = "This can't be looked up: the text that this model learned from is not here."
KINDS = "Where is the held-out text easy, and where hard? The mean bits of its tokens, by kind:"


def question(held: float, imported: bool) -> str:
    """What to predict before the colours. imported: nobody knows what it learned from."""
    text = (
        "The end of the text that came with it"
        if imported
        else "Text that it did not learn from, but of the kind that it did,"
    )
    return (
        f"{text} costs this model **{number(held, '.3g')} bits per character**. How many will your "
        "text cost? (Then the colours appear.)"
    )


def judged(guess: str, own: float, held: float) -> Answer:
    """Whether the bits per character of the reader's text lie where they were guessed."""
    times = float(f"{own / held:.3g}") if held else math.inf  # as it is shown
    right = next(name for name, most in TIMES.items() if times <= most)
    why = f"Your text costs {number(own, '.3g')} bits per character, held-out text "
    why += f"{number(held, '.3g')}: "
    shown = number(times, ".3g")
    why += "as many." if shown == "1" else f"{shown} times as many."
    return Answer(guess == right, why)


def own_text(tokens: Sequence[Token], found: Surprises, guessing: float) -> str:
    """The dearest and the cheapest token, and what of the text its tokenizer doesn't know.

    tokens: all but the first, which nothing predicts.
    """
    texts = [token.text for token in tokens]
    worst = max(range(len(found.bits)), key=found.bits.__getitem__)
    said = f"Hardest: {code(texts[worst])} with **{number(found.bits[worst])} bits**"
    said += ", more than guessing would cost. " if found.bits[worst] > guessing else ". "
    best, share = found.likeliest[worst][0]
    if best != texts[worst]:
        said += f"Expected was {code(best)} ({percent(share)}). "
    easiest = min(range(len(found.bits)), key=found.bits.__getitem__)
    said += f"Easiest: {code(texts[easiest])} with {number(found.bits[easiest])}. "
    pairs = zip(tokens, found.bits, strict=True)
    if unknown := [bits for token, bits in pairs if not token.known]:
        one = len(unknown) == 1
        said += (
            f"{counted(len(unknown), 'token')} of it {'is' if one else 'are'} unknown to this "
            f"model's tokenizer. All that it doesn't know looks alike to it: "
            f"{number(fmean(unknown))} bits{'' if one else ' each, on average'}, and nothing for "
            "saying **which** it was. So the number above is too low. "
        )
    return said


def kinds(found: Sequence[Kind]) -> str:
    """Which kind is hardest, if the intervals show one."""
    if len(found) < 2:
        return ""
    ranked = sorted(found, key=lambda kind: -kind.bits.value)
    first, second = ranked[:2]
    said = (
        f"Hardest is a token that {first.name}" if first.name != MARKS else f"Hardest are {MARKS}"
    )
    said += f": {_interval(first.bits)} bits. "
    if first.bits.low > second.bits.high:
        return said + "The next kind lies clearly below: the intervals don't meet."
    return "No kind is clearly the hardest here: the intervals of the first two meet."


# ---- One number, four clothes ----

CLOTHES = (
    "Add up the surprise at each token of held-out text, and divide. That is **one** measurement. "
    "It is told in four units, and a paper may use any of them."
)
BARS = "What is that worth? Others have read the same text, in bits per character:"


def clothes_table(found: Clothes) -> list[dict[str, str]]:
    """The loss in each unit, with its interval."""
    token, character = found.per_token, found.per_character
    of_token = (
        "a token is one character"
        if found.characters == 1
        else f"a token has {number(found.characters)} characters"
    )
    rows = [
        ("nats per token", token, lambda bits: number(nats(bits), ".3f"), "bits × ln 2"),
        ("bits per token", token, _bits, "the mean of −log₂ p"),
        ("bits per character", character, _bits, of_token),
        (
            "perplexity",
            token,
            lambda bits: powered(bits, ".3f"),
            "2 to the power of bits per token",
        ),
    ]
    return [
        {
            "unit": unit,
            "value": written(bits.value),
            "95% interval": f"{written(bits.low)} to {written(bits.high)}",
            "how it comes about": how,
        }
        for unit, bits, written, how in rows
    ]


def _bits(bits: float) -> str:
    return number(bits, ".3f")


def clothes(what: str, unknown: float) -> str:
    """What was read, and what the numbers depend on. unknown: the share of unknown tokens."""
    said = (
        f"Read: {what}. "
        "The interval says how much the number would vary with other pieces of the same text. All "
        "but bits per character depend on the tokenizer: larger tokens are fewer, "
        "and each is harder. Only **bits per character** may be compared between models that cut "
        "text differently."
    )
    if not unknown:
        return said
    return said + (
        f" But **{percent(unknown)}** of the tokens here are ones that this tokenizer doesn't "
        "know: each is read as the same sign, one character long, and which word or character it "
        "was costs nothing. So here even bits per character may only be compared between models "
        "with this tokenizer."
    )


def bars(found: Clothes, imported: bool) -> str:
    """The model among guessing and counting. imported: nobody knows what it learned from."""
    own = found.per_character
    counted_in = "of the same text's beginning" if imported else "of the training text"
    said = (
        f"**Guessing** costs log₂ V, here log₂ {found.vocabulary:,} = "
        f"{number(math.log2(found.vocabulary))} bits per token. **n-gram** models count which "
        f"tokens follow the last n − 1; they counted {found.counted_tokens:,} tokens "
        f"{counted_in}. "
    )
    if not found.counted:
        return said
    order, best = min(found.counted.items(), key=lambda item: item[1])
    name = f"the best of them (n = {order}, {number(best, '.3f')})"
    if own.high < best:
        return said + f"The model needs less than {name}, and its whole interval lies below."
    if own.low > best:
        return said + f"The model needs **more** than {name}: counting is better here."
    return said + f"Between the model and {name} no difference is shown: it lies in the interval."


# ---- Loss by position ----

POSITIONS = (
    "How much does the context help? The same held-out text, cut anywhere into pieces. The first "
    "tokens of a piece have next to nothing before them, the last ones a full window."
)
LITTLE, HALF, MUCH = "by less than a quarter", "by a quarter to a half", "by more than half"
FALLS = {LITTLE: 0.25, HALF: 0.5, MUCH: math.inf}
CONTEXT_ALT = "Bits per character over the tokens seen before, a falling curve with its band"
SECOND = "A second model"
NO_SECOND = "none"


def context_question(ranges: Sequence[Context]) -> str:
    """What to predict before the curve."""
    first = ranges[0]
    return (
        f"With {counted(first.last, 'token')} before, a character costs {number(first.bits.value)} "
        f"bits. By how much does that fall until {ranges[-1].first:,} tokens or more come before?"
    )


def context_judged(guess: str, ranges: Sequence[Context]) -> Answer:
    """Whether the fall was guessed."""
    first, last = ranges[0].bits.value, ranges[-1].bits.value
    fall = 1 - last / first if first else 0.0
    right = next(name for name, most in FALLS.items() if fall <= most)
    return Answer(
        guess == right,
        f"From {number(first)} to {number(last)} bits per character: "
        f"{number(100 * fall, '.0f')}% less.",
    )


FROM_ANYWHERE = (
    "For this picture a model of the sitcom reads pieces that begin anywhere in a scene. Otherwise "
    "a token's place would also say where in its scene it stands, and a scene's beginning may be "
    "harder to guess than the rest."
)


def context_finding(ranges: Sequence[Context], name: str) -> str:
    """Whether the context helps, and whether the last doubling still does."""
    first, last = ranges[0], ranges[-1]
    said = f"**{as_text(name)}**: "
    if last.bits.high < first.bits.low:
        said += f"context helps, {number(first.bits.value)} → {number(last.bits.value)} bits. "
    else:
        return said + "that context helps is not shown: the first and the last interval meet."
    settled = next(
        (each for each in ranges if each.bits.low <= last.bits.high), last
    )  # the first range that can't be told from the last
    if settled.bits.high < last.bits.low:
        return said + (
            f"But with {counted(settled.first, 'token')} before it needs **less** than with a full "
            "window: more context does harm there."
        )
    if settled is last:
        return said + "It still helps at the end of the window."
    return said + (
        f"From {counted(settled.first, 'token')} on the intervals meet that of a full window: "
        "more context may help, but this text is too short to show it."
    )


def two_models(names: tuple[str, str]) -> str:
    """What can be compared between two models that read different texts."""
    first, second = map(as_text, names)
    return (
        f"Each reads held-out text of its **own** kind, so the heights of {first} and {second} "
        "compare two texts as well as two models. The shapes can be compared: where it falls, and "
        "where it no longer does."
    )


# ---- Calibration ----

CALIBRATION = (
    "The model says 70%. Does that come true in 7 of 10 cases? Take the **best guess** at each "
    "token of the held-out text, sort all of them by their probability, and count."
)
SURE, MODEST, FITS = "too sure", "too modest", "about right"
CALIBRATION_QUESTION = "Is this model too sure of its best guesses, or too modest?"
CALIBRATION_OPTIONS = (SURE, MODEST, FITS)
RELIABILITY_ALT = (
    "How often best guesses came true over their probability, beside a diagonal; bars count them"
)
NO_CALIBRATION = "There is too little held-out text to judge these probabilities."
MEND = "Show it at the temperature that fits"


CLOSE = 5.0  # points of 100: no difference is shown, and none that is larger can be there
_SEEN = 0.05  # points: less is shown as 0.0


def calibration_judged(guess: str, gap: Estimate) -> Answer:
    """Mean probability against the share that came true."""
    low, high = 100 * gap.low, 100 * gap.high
    right = SURE if low > 0 else MODEST if high < 0 else FITS
    if max(-low, high) < _SEEN:  # of one that finds 50,000 tokens alike, nothing ever comes true
        right = FITS
    vague = right == FITS and max(-low, high) > CLOSE
    return Answer(
        None if vague else guess == right,
        f"The mean probability of its best guesses is {number(100 * gap.value, '+.1f')} "
        f"points off the share that came true (95% interval {number(low, '+.1f')} to "
        f"{number(high, '+.1f')}): {_gap(right)}",
    )


def _gap(right: str) -> str:
    if right == FITS:
        return "no difference is shown."
    return "it promises more than it keeps." if right == SURE else "it keeps more than it promises."


def _at_the_end(temperature: float) -> str:
    inside = 1.01 * COLDEST < temperature < 0.99 * HOTTEST
    return "" if inside else " (the end of the range that is tried)"


def calibration(found: Calibration) -> str:
    """The expected calibration error, and what the fitted temperature changes, on other pieces."""
    said = (
        "The **expected calibration error** is the mean distance from the diagonal, each bin "
        f"weighted by its count: **{percent(found.error)}**. A bin with few guesses "
        "has a wide bar and proves little. "
        f"\n\nWhich **temperature** would mend it? The one with the lowest loss on half of the "
        f"pieces is τ = **{number(found.temperature)}**{_at_the_end(found.temperature)}. On the "
        "other half the error "
        f"{went(percent(found.error), percent(found.mended_error))}, the loss "
        f"{went(number(found.bits, '.3f'), number(found.mended_bits, '.3f'))} bits per token. "
    )
    if abs(math.log(found.temperature)) < 0.03:
        return said + "That is next to τ = 1: there is little to mend."
    if found.mended_error < found.error and found.mended_bits < found.bits:
        return said + "Both fall, also on text that it wasn't fitted to: so a part of it is mended."
    return said + (
        "Not both fall: one temperature for all can't mend it, or the text is too short to tell."
    )


def _interval(found: Estimate) -> str:
    return f"{number(found.value)} ({number(found.low)} to {number(found.high)})"


# ---- Did it copy? ----

COPY = (
    "A model that writes well may only repeat. Here it goes on from eight held-out beginnings, and "
    "each sample is looked up in the **whole** text that it learned from. Held-out text is looked "
    "up as well: it can't have been copied, so whatever is found of it is only language."
)
NOTHING, A_LITTLE, A_LOT = "hardly any: under 5%", "some: 5% to 40%", "most: over 40%"
COPIED = {NOTHING: 0.05, A_LITTLE: 0.4, A_LOT: 1.0}
COPY_ALT = "Share of tokens in copied stretches by their length, the model beside held-out text"


def copy_length(value: dict[str, Any]) -> int:
    """The length of stretches that is asked about: the longest well inside every sample."""
    shortest = min(len(sample["tokens"]) for sample in value["samples"])
    return max([n for n in value["lengths"] if 3 * n <= 2 * shortest], default=value["lengths"][0])


def copy_question(value: dict[str, Any]) -> str:
    """What to predict."""
    return (
        "Which share of what it wrote stands word for word in its training text, in stretches of "
        f"{copy_length(value)} tokens or longer?"
    )


def copy_waits(characters: int) -> str:
    """What looking up in a long text takes."""
    return (
        f"The training text has {characters:,} characters and isn't kept with the app. It is "
        "streamed past the samples; the first time it has to be made again, which takes a few "
        "minutes. What is found shows at once and grows."
    )


def copy_so_far(read: int, size: int) -> str:
    """How much of the text has been seen."""
    return f"So far: {100 * read / max(1, size):.0f}% of the training text."


def shortest_match(length: int, unknown: bool) -> str:
    """What isn't looked for, and what looks alike. unknown: whether any token stands for others."""
    said = f"Stretches of fewer than {length} bytes (an English letter is one) are not looked for."
    if unknown:
        said += (
            f" {REPLACEMENT} stands for all that the tokenizer doesn't know. Two of them may have "
            "been different words, so a stretch that has some may be no copy."
        )
    return said


def means(value: dict[str, Any], who: str) -> list[float]:
    """For each length, the mean share of a sample's tokens in copied stretches."""
    return [fmean(column) for column in zip(*value["shares"][who], strict=True)]


def _at(value: dict[str, Any], who: str) -> list[float]:
    place = value["lengths"].index(copy_length(value))
    return [shares[place] for shares in value["shares"][who]]


def copy_judged(guess: str, value: dict[str, Any], finished: bool) -> Answer:
    """Whether the share was guessed, once all of the text was looked through."""
    ours, theirs = (fmean(_at(value, who)) for who in ("written", "real"))
    right = next(name for name, most in COPIED.items() if ours <= most)
    why = (
        f"{number(100 * ours, '.0f')}% of its tokens lie in such stretches; of held-out text "
        f"{number(100 * theirs, '.0f')}% do."
    )
    return Answer(guess == right, why) if finished else Answer(None, f"So far: {why}")


VAGUE = 20  # points of 100: an interval as wide as that says little of a size


def copy_finding(value: dict[str, Any]) -> str:
    """More than held-out text or not, by the paired difference over samples."""
    ours, theirs = _at(value, "written"), _at(value, "real")
    said = f"In stretches of {copy_length(value)} tokens or longer: "
    if len(ours) < 3:
        return said + "there are too few samples to compare with held-out text."
    if not any((*ours, *theirs)):
        return said + "nothing is found, neither of what it wrote nor of held-out text."
    if not any(ours):
        found = sum(map(bool, theirs))
        return said + (
            "nothing of what it wrote is found, so it didn't copy that much in a row. (Of "
            f"held-out text something is found, in {found} of {counted(len(theirs), 'sample')}.)"
        )
    gap = paired([100 * a for a in ours], [100 * b for b in theirs])
    range_ = f"95% interval {number(gap.low, '+.0f')} to {number(gap.high, '+.0f')}"
    if gap.sign > 0:
        said += (
            f"{number(gap.mean, '.0f')} points **more** than held-out text ({range_}). So it "
            "copies more than the language itself repeats."
        )
        wide = gap.high - gap.low > VAGUE
        return said + (" So few samples don't say how much more." if wide else "")
    if gap.sign < 0:
        return said + (
            f"{number(-gap.mean, '.0f')} points **less** than held-out text ({range_}): the text "
            "itself repeats more than the model does."
        )
    return said + (
        f"no difference to held-out text is shown ({range_}). What stands there word for word, "
        "held-out text has as well."
    )


# ---- Samples side by side ----

LOOKS = (
    "Seven ways to look at samples, the same for both sides. Two settings of one model, or two "
    "models: choose, and let each write 24 samples."
)
LOADED = "the loaded model"
LOOKS_WAIT = "Let both sides write: the table comes when both have samples."
SAME_SIDES = "Both sides are the same now. Change a setting of one of them."
LOOKS_QUESTION = "Which side repeats itself more within a sample?"
LOOKS_OPTIONS = ("A", "B", "no difference is shown")
_LOOKS = {
    "known": "1 · words that the training text has",
    "distinct": "2 · different words, of all in a sample",
    "distinct_pairs": "3 · different pairs of words",
    "repeated": "4 · four words in a row that came before",
}


def _apart(a: dict[str, float], b: dict[str, float]) -> int:
    """1 where the interval of a lies above that of b, −1 where it lies below, else 0.

    Samples that are all alike give an interval without width, which proves nothing.
    """
    if a["low"] == a["high"] or b["low"] == b["high"]:
        return 0
    return (a["low"] > b["high"]) - (a["high"] < b["low"])


def looks_judged(guess: str, a: dict[str, Any], b: dict[str, Any]) -> Answer:
    """Which side repeats itself more, if the intervals show it."""
    ours, theirs = (side["written"]["look"]["repeated"] for side in (a, b))
    right = {1: "A", -1: "B", 0: LOOKS_OPTIONS[2]}[_apart(ours, theirs)]
    return Answer(
        guess == right,
        f"Four words in a row that came before in the same sample: A {_share(ours)}, "
        f"B {_share(theirs)}.",
    )


def looks_table(a: dict[str, Any], b: dict[str, Any]) -> list[dict[str, str]]:
    """Six measures with their intervals, of both sides and of the text that A's model learned."""
    columns = {"A": a["written"], "B": b["written"], "held-out text": a["real"]}
    rows = [
        {"look": name} | {who: _share(side["look"][field]) for who, side in columns.items()}
        for field, name in _LOOKS.items()
    ]
    bits = {who: _plain(side["bits"]) for who, side in columns.items()}
    rows.append({"look": "5 · bits per character, by its own model"} | bits)
    if any(side["passed"] for side in columns.values()):
        passed = {who: _share(s["passed"]) if s["passed"] else "" for who, s in columns.items()}
        rows.append({"look": "6 · scenes that pass the checker"} | passed)
    return rows


def _share(found: dict[str, float]) -> str:
    value, low, high = (number(100 * found[end], ".1f") for end in ("value", "low", "high"))
    return f"{value}% ({low} to {high})"


def _plain(found: dict[str, float]) -> str:
    value, low, high = (number(found[end]) for end in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _looks(numbers: Sequence[str]) -> str:
    """“look 5”, “looks 1, 2 and 4”."""
    *most, last = numbers
    return f"looks {', '.join(most)} and {last}" if most else f"look {last}"


def looks_finding(a: dict[str, Any], b: dict[str, Any]) -> str:
    """Where the sides differ: only where their intervals don't meet."""
    ours, theirs = a["written"], b["written"]
    apart = {
        name: _apart(ours["look"][field], theirs["look"][field]) for field, name in _LOOKS.items()
    }
    apart["5 · bits per character"] = _apart(ours["bits"], theirs["bits"])
    if ours["passed"] and theirs["passed"]:
        apart["6 · scenes that pass"] = _apart(ours["passed"], theirs["passed"])
    higher = {
        side: [name.split(" ")[0] for name, sign in apart.items() if sign == way]
        for side, way in (("A", 1), ("B", -1))
    }
    said = " ".join(
        f"**{side}** is higher in {_looks(found)}." for side, found in higher.items() if found
    )
    open_ = [name.split(" ")[0] for name, sign in apart.items() if not sign]
    if open_:
        said += f" No difference is shown in {_looks(open_)}: their intervals meet."
    count = f"{a['words']:,}" + (f" (B: {b['words']:,})" if a["words"] != b["words"] else "")
    return (
        f"{said.strip()} In brackets: 95% intervals over samples, of which the first {count} words "
        "count. No single number says “good”: a model that copies passes most of them, and a bold "
        "one is new and wrong. The **seventh** look is yours, blind:"
    )


# ---- Blind test ----

BLIND = (
    "Both texts begin alike (grey). One goes on as the held-out text does, the other as the model "
    "would. Which one did the model write?"
)
NO_BLIND = "There is no text here that this model could be compared with."
THE_MODEL = ("The model wrote the left one", "The model wrote the right one")


def blind_round(number_: int, rounds: int) -> str:
    """Where the reader is."""
    return f"**Round {number_} of {rounds}**"


def blind_kept(count: int) -> str:
    """Said in place of the score while answers are locked."""
    kept = "Your choice is kept" if count == 1 else f"Your {count} choices are kept"
    return f"{kept}. The score comes when answers aren't locked any more."


def blind_score(answers: Sequence[bool], rounds: int) -> str:
    """Right answers so far, and how often guessing does as well."""
    right, count = sum(answers), len(answers)
    chance = sum(math.comb(count, k) for k in range(right, count + 1)) / 2**count
    last = "✓ Right. " if answers[-1] else "✗ It was the other one. "
    said = (
        f"{last}**{right} of {count}** right. Tossing a coin gives {number(count / 2, 'g')} on "
        f"average, and {right} or more with a probability of {percent(chance)}. "
    )
    if count < rounds:
        return said
    share = wilson(right, count)
    said += f"95% interval of your share: {number(100 * share.low, '.0f')}% to "
    said += f"{number(100 * share.high, '.0f')}%. "
    if share.low > 0.5:
        return said + "You can tell them apart."
    if share.high < 0.5:
        return said + "You take the model for the author, more often than a coin would."
    return said + "That you can tell them apart is not shown: chance does as well often enough."


# ---- Shannon's game ----

GAME = (
    "In 1951 Claude Shannon let people guess each next letter of a text until they "
    "were right. How many guesses each one takes says how many bits it had, at least and at most. "
    "Your turn: a line of held-out text. Type the next character, or several in the order in which "
    "you would bet. Capital and small letters count alike; a space is a character, too."
)
NO_GAME = "There is no held-out line here to guess."
YOUR_GUESS = "The next character (or several, best first)"


FEWEST_GUESSED = 10  # characters; of fewer nearly any number could come out


def wrong(tried: str) -> str:
    """What the present character is not."""
    return f"Not: {' '.join(code(character) for character in tried)}"


def game_finding(ranks: Sequence[int], found: Bounds, model: float | None) -> str:
    """Bounds from the guesses, how wide they are, and what the model needs for the same line."""
    first = sum(rank == 1 for rank in ranks)
    said = f"{counted(len(ranks), 'character')}, {first} of them right at the first guess. "
    if len(ranks) < FEWEST_GUESSED:
        return said + f"What that is in bits is said from {FEWEST_GUESSED} characters on."
    said += (
        f"By Shannon's bounds you need **{number(found.lower)} to {number(found.upper)} bits per "
        f"character**; with the luck of so few, {number(found.low)} to {number(found.high)} (95% "
        "interval). "
    )
    if found.high - found.low > 1:
        said += (
            "That is wide: so few characters say little, and tend to give too low a number. "
            "Shannon used a hundred for each point. "
        )
    if model is not None:
        said += f"The model needs {number(model)} for this line so far"
        if found.low <= model <= found.high:
            return said + ", which lies in your interval: no winner yet."
        ahead = "less than your interval" if model < found.low else "more than your interval"
        return said + f": {ahead}."
    return said


# ---- Tokenizer race ----

RACE = (
    "Which way to cut a text is best? Six tokenizers cut the same text; the same small GPT learns "
    "each for the same seconds. Loss per token would favour small tokens, so only **bits per "
    "character** count."
)
RACE_MARKS = "A bar is the mean of the seeds, each mark on it one seed."
RACE_ALT = "Bits per character of each tokenizer as bars, with a mark for each seed"


def race_question(value: dict[str, Any]) -> str:
    """What to predict."""
    seeds = len(value["racers"][0]["bits"])
    return (
        f"After {value['seconds']} seconds each ({seeds} seeds): which one needs the fewest bits "
        "per character of unseen text?"
    )


def _ranked(value: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(value["racers"], key=lambda racer: fmean(racer["bits"]))


def race_judged(guess: str, value: dict[str, Any]) -> Answer:
    """By the means over seeds; who isn't shown to be behind is not called wrong."""
    best, second, *_ = _ranked(value)
    why = (
        f"*{best['name']}*: {number(fmean(best['bits']), '.3f')} bits per character on average; "
        f"next, *{second['name']}*: {number(fmean(second['bits']), '.3f')}."
    )
    chosen = next((racer for racer in value["racers"] if racer["name"] == guess), best)
    if guess == best["name"] or _is_shown(best, chosen):
        return Answer(guess == best["name"], why)
    return Answer(None, f"{why} The seeds don't show that *{guess}* needs more.")


def _is_shown(best: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether the seeds show that a racer needs more than the best one."""
    return len(best["bits"]) >= 3 and paired(other["bits"], best["bits"]).sign > 0


def race_takes(seconds: int, racers: int, seeds: int) -> str:
    """How long a race of the reader's own takes."""
    return (
        f"{racers} tokenizers × {seeds} seeds × {seconds} s of one processor core: "
        f"{number(racers * seeds * seconds / 60, '.1f')} minutes, and a while to cut the text and "
        "to judge."
    )


def _racers(names: Sequence[str]) -> str:
    """Names that may hold a comma themselves: “BPE, 384”."""
    return "; ".join(f"*{name}*" for name in names)


def race_finding(value: dict[str, Any]) -> str:
    """Who leads, whom it beats in all that the seeds show, and what held back the largest list."""
    best, *others = _ranked(value)
    said = f"**{best['name']}** leads. "
    if len(best["bits"]) < 3:
        said += "With fewer than three seeds nothing is shown about the others. "
    else:
        beaten = [other["name"] for other in others if _is_shown(best, other)]
        level = [other["name"] for other in others if not _is_shown(best, other)]
        if beaten:
            said += f"Seed by seed it is shown to need less than {_racers(beaten)}. "
        if level:
            said += f"No difference is shown to {_racers(level)}. "
    few = min(value["racers"], key=lambda racer: fmean(racer["steps"]))
    many = max(value["racers"], key=lambda racer: fmean(racer["steps"]))
    said += (
        f"The same time is not the same number of steps: *{few['name']}* ({few['vocabulary']:,} "
        f"tokens to score) got {round(fmean(few['steps'])):,}, *{many['name']}* "
        f"{round(fmean(many['steps'])):,}. "
    )
    unknown = [racer for racer in value["racers"] if racer["unknown"]]
    for racer in unknown:
        said += (
            f"Of the bits of *{racer['name']}*, {number(racer['unknown'])} are for spelling out "
            "words that its vocabulary lacks, letter by letter: else they would be nearly free. "
        )
    return said + (
        f"All see {value['context']} tokens back, so larger tokens also see more text. This holds "
        "for a short text and a short time."
    )


# ---- The end ----

TRY = (
    "Type the beginning of a scene, then the same words in another order. Which tokens change?",
    "Type a text in another language, or one of a newspaper. How many bits per character now?",
    "Choose another model at the top. Do all four units agree which one is better?",
    "Choose a model that was trained for a short time. Is it too sure or too modest?",
)
QUESTIONS = (
    (
        "Model A has a perplexity of 20 with tokens of 4 characters, model B one of 3 with single "
        "characters. Which predicts the text better?",
        "A: log₂ 20 / 4 = 1.08 bits per character. B: log₂ 3 = 1.58.",
    ),
    (
        "A model gives its best guess 90% at a thousand places, and is right at 700. What would "
        "mend that, and would it choose other tokens then?",
        "A temperature above 1: it brings the probabilities closer together. The best guess stays "
        "the best.",
    ),
    (
        "Two models were measured on 20 pieces of text, and their intervals overlap. Is there no "
        "difference?",
        "That is not shown, and neither is a difference. Measure both on the same pieces and look "
        "at the differences piece by piece, or take more text.",
    ),
)
ABILITIES = (
    "turn a loss into nats, bits, bits per character and perplexity, and say which one to compare",
    "say where a model's loss comes from: which tokens, and how much context",
    "check whether probabilities come true, and mend them",
)
READING = (
    "Shannon 1951, [Prediction and Entropy of Printed English]"
    "(https://doi.org/10.1002/j.1538-7305.1951.tb01366.x): the guessing game, and bounds from it",
    "Guo et al. 2017, [On Calibration of Modern Neural Networks](https://arxiv.org/abs/1706.04599):"
    " reliability, expected calibration error, temperature",
    "Khandelwal et al. 2018, [Sharp Nearby, Fuzzy Far Away](https://arxiv.org/abs/1805.04623): how "
    "a language model uses its context",
)
