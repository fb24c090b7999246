"""What the Data lesson says."""

from __future__ import annotations

from collections.abc import Mapping

import corpus
from ui.app.lesson import Answer
from ui.show.names import as_text
from ui.show.numbers import counted, number

GOAL = "Know what a model learns from, how the text is cut, and what simple counting achieves."
INTRO = (
    "All that a GPT can do comes from the text that it was trained on. So look at the text first: "
    "how long it is, what is in it, and how predictable it is without any model at all."
)

CHARACTERS_ALT = "How often each of the most frequent characters occurs, as bars"
WORDS_ALT = "How often each of the most frequent words occurs, as bars"
NO_WORDS = "This text has no words: no letters or digits stand together."

ONE_CHARACTER = "This text consists of a single character, so there is nothing to predict."
MOST_FREQUENT = "Which of these characters occurs most often in the whole text?"


def most_frequent(counts: Mapping[str, int], guess: str, total: int) -> Answer:
    """Whether no other of these characters is more frequent. counts: as shown, most first."""
    (first, most), (second, fewer) = list(counts.items())[:2]
    why = f"{first} occurs {most:,} times, {100 * most / total:.1f}% of the text. "
    if most == fewer:
        why += f"{second} occurs just as often."
    else:
        why += f"The next, {second}, occurs {fewer:,} times."
    if counts[guess] < fewer:
        why += f" For {guess} the number is {counts[guess]:,}."
    return Answer(counts[guess] == most, why)


GUESSING = (
    "A useful model must predict better than simple counting. So let a **counter** count which "
    "character follows which, and predict by its counts. How surprised is it by the next "
    "character, on average? That is measured in bits: 1 bit is a coin toss, 2 bits one of four "
    "equally likely characters, 0 bits no doubt at all."
)
OWN, UNSEEN, SAME = "the text that it counted", "the unseen text", "about the same for both"
CLOSE = 0.02  # bits, which nobody would call a difference
EASIER = (
    "A counter counts the first 90% of the text. It knows the two characters before each one. It "
    "is asked twice: about the very text that it counted, and about the last 10%, which it has "
    "not seen. Where is it less surprised?"
)


def easier(own: float, unseen: float, guess: str) -> Answer:
    """Where the counter of two characters needs fewer bits per character."""
    gap = unseen - own
    right = SAME if abs(gap) <= CLOSE else OWN if gap > 0 else UNSEEN
    why = (
        f"It needs {number(own, '.3f')} bits per character on the text that it counted, and "
        f"{number(unseen, '.3f')} on text that it has not seen. "
    )
    if gap > CLOSE:
        why += (
            "What has been counted is easier: the counts fit that text exactly. Unseen text has "
            "other frequencies, and mostly some groups of characters that never came before."
        )
    elif gap < -CLOSE:
        why += "Mostly it is the other way round. Here the end of the text is the easier part."
    else:
        why += "To the counter, text that it has not seen is as easy as the rest here."
    return Answer(guess == right, why)


def counter(bits: float, known: int, odd: bool) -> str:
    """What both columns are called, and the bar that a model has to get under.

    odd: whether the unseen text is the easier one without any character known.
    """
    back = ("no character", "one character", "two characters")[known]
    return (
        "Compare models with the **last column**. In the middle column the counter is asked about "
        "its own text; such a mean is called **entropy**. In the last one it is asked about text "
        "that it has not seen; then it is called **cross-entropy**. The Surprise lesson shows "
        "the difference. A model that needs more than "
        f"**{number(bits)} bits per character** on unseen text predicts it worse than a counter "
        f"that sees {back} back. The Training lesson draws these bars beside its loss curves."
        + (f" {EASIER_END}" if odd else "")
    )


EASIER_END = (
    "(In the first row the unseen text is the easier one: its end happens to have more of the "
    "frequent characters.)"
)


def split(train: int, val: int) -> str:
    return (
        f"The text is cut once, **by position**. The first {train:,} tokens (90%) are the "
        f"**training text**. The last {val:,} (10%) are the **validation text**: the model does "
        "not learn from it; it is there to measure the model, and to choose settings by. Here a "
        "token is one character. Random places to cut would put parts of the same scene on both "
        "sides, and the measure would be too kind."
    )


CUT = "Where the cut falls, between training text and validation text: ‖"

BATCH_TITLE = "A batch: x and y"
BATCH = (
    "A training step looks at a few short pieces, taken from random places: a **batch**. **x** is "
    "what the model reads. **y** is what it should predict: the same piece, **shifted by one**. "
    "Each column is one exercise: given x up to this column, predict y."
)


def batch(size: int, length: int, after: str, answer: str) -> str:
    return (
        f"The batch is a table of token numbers, of shape **({size}, {length})**: {size * length} "
        f"exercises in one step. For example, in the first piece: after {after} comes {answer}. "
        "The places are chosen by a **seed**: the same seed always gives the same batch, so that "
        "an experiment can be repeated."
    )


TRY = (
    "Look at the last column of a piece. Where in the text does its y stand?",
    "Choose a text in another language. Do the bits go up or down? Why?",
    "Paste the same sentence fifty times. What happens to the bits with two characters known?",
)
QUESTIONS = (
    (
        "A piece of the batch has T = 16 columns. How many tokens of the text does it need?",
        "17 tokens: the last y is the token after the last x.",
    ),
    (
        "A counter needs 2.0 bits per character on its own text and 2.6 on the validation text. "
        "A model needs 2.3 on the validation text. Is it better than the counter?",
        "Yes. Both must be asked about text that they have not seen, and 2.3 is less than 2.6.",
    ),
    (
        "Why does a counter that knows more characters back not always predict unseen text better?",
        "The longer the group of characters, the rarer it is. Many groups of the unseen text were "
        "never counted, and of others there are too few to rely on.",
    ),
)
ABILITIES = (
    "say how a text is cut into training text and validation text, and why by position",
    "read x and y in a batch",
    "name the bar that a model has to get under, for your own text",
)
READING = (
    "Shannon 1951, [Prediction and Entropy of Printed English]"
    "(https://doi.org/10.1002/j.1538-7305.1951.tb01366.x), section 2: the entropies of this table",
    "Chen & Goodman 1998, [An Empirical Study of Smoothing Techniques]"
    "(https://dash.harvard.edu/handle/1/25104739): how a counter deals with what it never counted",
    "Karpathy, [nanoGPT](https://github.com/karpathy/nanoGPT), `data/shakespeare_char`: the same "
    "split in a few lines",
)

BUNDLED = (
    "“The Spin Cycle” is an original sitcom, written for this project and given to the "
    "public domain (CC0). The bundled model learned 200,000 more scenes of it, which a "
    "generator wrote: see the Sitcom lesson."
)


def cached(address: str) -> str:
    return f"It lies here already. It was fetched from {address}."


def fetched(address: str, sha256: str) -> str:
    return (
        f"The app fetches it from {address}, checks that it is the published file (by its sha256, "
        f"`{sha256[:12]}…`), and keeps it for the next time."
    )


def is_it_right(encoding: str) -> str:
    return (
        f"**Read as {encoding}: is this right?** The file doesn't say how its letters are stored, "
        "so this is a guess."
    )


def read_as(encoding: str, before: int, after: int) -> str:
    used = f"{after:,} {'is' if after == 1 else 'are'} used."
    return f"Read as **{encoding}**. {counted(before, 'character')} came in, {used}"


def in_use(text: str, characters: int) -> str:
    return f"The lessons use “{as_text(text)}”: {characters:,} characters."


PASTE = f"Paste at least {corpus.MIN_CHARACTERS:,} characters: about a page."
