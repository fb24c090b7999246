"""What the Data lesson says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import corpus
from ui.show.names import as_text

if TYPE_CHECKING:
    from corpus.scraper.site import Site

INTRO = (
    "A GPT knows nothing but the text that it was trained on. So look at the text first: how long "
    "it is, what is in it, and how predictable it is without any model at all."
)

CHARACTERS_ALT = "How often each of the most frequent characters occurs, as bars"
WORDS_ALT = "How often each of the most frequent words occurs, as bars"
NO_WORDS = "This text has no words: no letters or digits stand together."

GUESSING = (
    "Before a model is worth anything it must beat a mere **counter**. Count which character "
    "follows which, and guess by that. How surprised is the counter by the next character, on "
    "average? That is **entropy**, in bits: 1 bit is a coin toss, 2 bits one of four equally "
    "likely characters, 0 bits no doubt at all."
)


def counter(bits: float) -> str:
    return (
        "The last column is the honest one: the counter learned from the first 90% of the text "
        "and guesses the last 10%, which it never saw. The column before it looks better than it "
        "is, because there the counter is asked about the very text that it counted. A model "
        f"that stays above **{bits:.2f} bits per character** on unseen text has learned less than "
        "a counter could. These bars are drawn into the loss curves of the Training lesson."
    )


def split(train: int, val: int) -> str:
    return (
        f"The text is cut once, **by position**: the first {train:,} tokens are for learning "
        f"(90%), the last {val:,} for testing (10%). Here a token is one character. Cutting at "
        "random places would put pieces of the same scene on both sides, and the test would be "
        "easier than it should be."
    )


CUT = "Where the cut falls, between the end of training and the start of testing: ‖"

BATCH = (
    "A training step looks at a few short pieces, taken from random places. **x** is what the "
    "model reads. **y** is what it should have said: the same piece, **shifted by one**. Each "
    "column is one exercise: after all the x up to here, say y."
)


def batch(size: int, length: int, after: str, answer: str) -> str:
    return (
        f"The batch is a table of shape **({size}, {length})** of ids: {size * length} exercises "
        f"in one step. For example, in the first piece: after {after} comes {answer}. The same "
        "seed always gives the same batch, so that an experiment can be repeated."
    )


SCRAPING = (
    "Where do large texts come from? Mostly from the web, and they come dirty: "
    "advertisements between the words, letters that were decoded wrongly, sentences cut in two. "
    "Fetch a few episodes of a sitcom, and look at what it takes to make them fit to learn from."
)

TRY = (
    "What is y at the last column of a piece? Say it before you look at where x stops.",
    "Choose a text in another language. Do its entropies go up or down? Why?",
    "Paste the same sentence fifty times. What happens to the entropy with two characters known?",
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
    return f"Read as **{encoding}**. {before:,} characters came in, {after:,} are used."


SWITCHED_OFF = (
    "Scraping is switched off on this public server. Run the app on your own computer to "
    "try it; the README says how, in three lines."
)


def manners(site: Site) -> str:
    return (
        f"One site may be asked, [{site.origin.removeprefix('https://')}]({site.origin}), and no "
        "other. The scraper says who it is, obeys the site's `robots.txt`, rests for a second or "
        "more between two pages, waits as long as it is told to, and never asks for a page that "
        "it already has. Stop it whenever you like: started again, it goes on where it was."
    )


PAGE_GONE = "The page of this episode isn't kept any more."
NOTHING_TO_DO = "In this episode it found nothing to do."


def in_use(text: str, characters: int) -> str:
    return f"The lessons use “{as_text(text)}”: {characters:,} characters."


PASTE = f"Paste at least {corpus.MIN_CHARACTERS:,} characters: about a page."
