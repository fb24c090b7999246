"""What the lesson "Scrape a show" says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.app.lesson import Answer
from ui.show.names import as_text

if TYPE_CHECKING:
    from corpus.scraper.site import Site

GOAL = "Turn pages from the web into a text that a model can learn from, and ask for them politely."
INTRO = (
    "Large texts come from the web, and they come dirty. Here is a page as a site might send it. "
    "It is made up, and every fault in it is one that real pages have."
)
# Short, and with something to do for each of the steps.
PAGE = (
    '<div class="ad-box">Win a free tumble dryer! Click here.</div>1<br>00:00:03,200 --> '
    "00:00:05,000<br>Good morning, Mr.<br>Pell. The cafÃ© is closed. - Closed? But<br>it is only "
    "nine.<br><script>countVisitors();</script><i>A machine\x07 rumbles.</i>[br]Whose   sock is "
    "this? - Not mine.<br>Subtitles by SockFan99<br>"
)
LEAST, LESS, MORE, MOST = "less than 25%", "25% to 50%", "50% to 75%", "more than 75%"
SHARES = {LEAST: 0.25, LESS: 0.5, MORE: 0.75, MOST: 1.0}  # each up to this


def question(steps: int) -> str:
    """What to predict about the page."""
    return (
        f"A program cleans it in {steps} steps. What share of its characters is left in the end? "
        "(Then you see every step.)"
    )


def judged(guess: str, before: int, after: int) -> Answer:
    """Whether the share lies where it was guessed."""
    share = after / before
    right = next(name for name, most in SHARES.items() if share <= most)
    why = f"{after:,} of {before:,} characters are left: {100 * share:.0f}%. "
    if share < 0.5:
        why += "More than half of what came was not the script."
    else:
        why += "Most of what came was the script."
    return Answer(guess == right, why)


STEPS = (
    "Choose a step. It gets what the step before it made. What is surely no part of the script "
    "goes; what may be one stays. So a number that somebody may have said is kept, and so is a "
    "line break where nobody can tell whether another person speaks."
)
PAGE_GONE = "The page of this episode isn't kept any more."
NOTHING_TO_DO = "Here it found nothing to do."

FETCHING = (
    "Before a page can be cleaned it must be fetched. A program can ask for a thousand pages in a "
    "minute, and so be a burden to a site. This one doesn't."
)
SHOW = "The show, as in the site's addresses"
TICK = "I fetch for my own study only, and won't pass it on"
SWITCHED_OFF = (
    "Fetching is switched off for visitors: it works on the computer that runs the app, unless "
    "that is a public server. Run the app on your own; the README says how."
)


def manners(site: Site) -> str:
    """How the scraper behaves."""
    return (
        f"One site may be asked, [{site.origin.removeprefix('https://')}]({site.origin}), and no "
        "other. The scraper says who it is and obeys the site's `robots.txt`. It rests for a "
        "second or more between two pages, waits as long as it is told to, and never asks for a "
        "page that it already has. Stop it whenever you like: started again, it goes on where it "
        "was."
    )


def in_use(text: str) -> str:
    """Said once a scraped text was chosen."""
    return f"All lessons now use “{as_text(text)}”."


TRY = (
    "In the page above, find the step after which a person could read the script without effort.",
    "Fetch five episodes of a show. Which step changes most? Does each step find something to do?",
    "Use them as your text, and look at their most frequent words in the Data lesson.",
)
QUESTIONS = (
    (
        "Why is it a problem if an advertisement stays in every page?",
        "The model learns what comes often. A sentence that stands in every page is among the most "
        "frequent ones of the whole text, so the model would write it, too.",
    ),
    (
        "Why does the cleaner keep a line break when it can't tell whether the speaker changes?",
        "Joining two speakers' lines would destroy something that can't be found again. A line "
        "break too many does little harm.",
    ),
    (
        "A site's `robots.txt` forbids programs to read its pages, but a browser shows them. May "
        "the scraper fetch them?",
        "No. The file says what programs may ask for, and this scraper obeys it. What it may read "
        "still belongs to those who made it: being able to fetch a text gives no right to publish "
        "it.",
    ),
)
ABILITIES = (
    "say which steps make a text of a web page",
    "decide what a cleaning step must leave alone",
    "name the manners of a program that fetches pages",
)
READING = (
    "Koster and others 2022, [RFC 9309](https://www.rfc-editor.org/rfc/rfc9309): what "
    "`robots.txt` may say, and how a program reads it",
    "Raffel and others 2020, [Exploring the Limits of Transfer Learning]"
    "(https://arxiv.org/abs/1910.10683), section 2.2: how the text C4 was cleaned",
    "Penedo and others 2024, [The FineWeb Datasets](https://arxiv.org/abs/2406.17557): each "
    "cleaning step judged by the model that is trained after it",
)
