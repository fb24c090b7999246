"""What the Sitcom lesson says."""

from __future__ import annotations

from corpus.sitcom import Scene, Verdict
from corpus.sitcom.checker import RULES
from corpus.sitcom.looking import Size
from corpus.sitcom.scene import HELD_OUT_ONE_IN
from ui.app.lesson import Answer
from ui.show.names import as_text

INTRO = (
    "A small model can't learn the world from a small text. So this project has a **sitcom of its "
    "own**: a laundromat, {people} people, few words, as many scenes as you like. A program writes "
    "it, and the program knows at every moment **who is there, who wants what, who believes what, "
    "and where the thing is**. That is what a model should come to know from the lines alone. Here "
    "is a scene, with what the program knows beside it. Step through its beats."
)

# A beat, and what it is for.
BEATS = {
    "setup": "The **setup** shows who is there, and the thing that the scene is about.",
    "want": "The **want**: somebody wants something, or there would be no scene.",
    "complication": "The **complication**: it isn't as easy as that.",
    "misunderstanding": "The **misunderstanding**: somebody takes a thing for another. We know "
    "better than they do, and that is the joke.",
    "reversal": "The **reversal**: the truth comes out, and everything turns round.",
    "callback": "The **callback**: the ending comes back to something of the opening.",
}

KINDS = {
    "turns": "Swap two turns",
    "names": "Swap two names",
    "object": "Change the thing",
    "ending": "Cut the ending",
}
WHOLE = "Leave it whole"
NOTHING = "none of them"

CHECKER = (
    "When a model has learned this sitcom, who tells whether its scenes make sense? Not a number "
    "such as the loss, and nobody can read ten thousand of them. So there is a **checker**: a "
    "program that knows nothing of how a scene was made and reads its text alone, by "
    f"{len(RULES)} rules. Break the scene and see what it notices."
)
HONEST = (
    "**What the checker is, and is not.** The first seven rules could be used by any reader of a "
    "script. The last one is a script editor's, who knows all {plots} plots of this show by heart. "
    "So it also refuses a sensible line that none of the plots has, and a good joke of your own. "
    "And it can be fooled: some broken scenes happen to be scenes that the show might have had. "
    "It tells whether a text is *like this show*, not whether it is good."
)
INDEPENDENT = (
    "The quick way to a text without end would be to draw every line by itself. Here is one: its "
    "first line is from one scene, its second from another, and so on. Every line is good, and "
    "nobody is talking to anybody. From such a text a model could learn words and names, but "
    "never that an answer belongs to its question: there would be nothing to learn."
)
HELD_OUT = (
    "**A held-out scene** is one whose combination of plot, people and object is in no training "
    "scene, whatever the seed. There are {combinations:,} combinations, and one in "
    f"{HELD_OUT_ONE_IN} is kept back. A model that writes or follows those well did not learn them "
    "by heart."
)
TRY = (
    "**Who is wrong?** Find a scene where somebody *believes* what is not so. Which line "
    "gives that belief away? In which beat does the truth come out?",
    "**Same plot, other people.** Choose a title, then press *Another scene* until Theo "
    "plays in it. Which words change, and which don't?",
    "**Fool the checker.** Swap two turns, again and again in other places, until it finds "
    "nothing. Does the scene still make sense to you?",
    "**Learn it.** Use 1,000 scenes as your text, train a small model on them, let it write "
    "a scene in the Sample lesson, and paste what it wrote into the box above. Which rules "
    "does it keep first?",
)


def how_made(size: Size) -> str:
    """How a scene is made, with the show's own numbers."""
    return (
        f"**{size.plots} plots** were written for it, sentence by sentence. A plot is five or six "
        f"**beats**, and every beat has several **wordings**: {size.wordings:,} in all. A wording "
        "has **slots** for what may differ: who plays it, which thing it is about, where, and at "
        "what price. To make a scene the program draws a plot, fills the slots once for the whole "
        "scene, and takes one wording of each beat. So the people, the thing and the place stay "
        "the same from the first line to the last, and the state can be written down beside it."
    )


def answer(guess: str, verdict: Verdict, seen: bool) -> Answer:
    """What came out, against what was guessed. `seen`: whether a line could be pointed at."""
    broken = list(dict.fromkeys(fault.rule for fault in verdict.faults))
    if not broken:
        return Answer(
            guess == NOTHING,
            "**The checker finds nothing.** The broken scene could be one of the show's own, or "
            "the change is one that none of its rules looks at.",
        )
    rules = " and ".join(f"**{rule}**" for rule in broken)
    noun = "rule" if len(broken) == 1 else "rules"
    where = (
        " It names the lines in red." if seen else " No line is wrong by itself: one is missing."
    )
    return Answer(guess in broken, f"The {noun} {rules} caught it.{where}")


def read_back(scene: Scene) -> str:
    """What the checker understood of a scene that holds together."""
    people = ", ".join(
        name.capitalize() for role, name in sorted(scene.slots.items()) if len(role) == 1
    )
    return (
        f"It holds together. From the text alone the checker reads it as “{scene.plot}”, played by "
        f"{people}, about the {as_text(scene.slots.get('thing', 'thing'))}."
    )


UNBREAKABLE = "This scene can't be broken in that way. Take another scene."
DASHED = "A dashed line shows what was changed."

OWN_HELP = (
    "A heading, then lines and (directions), one blank line apart. It is checked "
    "when you click outside the box, or press Ctrl+Enter."
)

EMPTY = "The box is empty. Write a scene, or reload the page to get this one back."
BLANK_LINES = "Put one blank line between the heading, the lines and the directions."


def slots(slots: str) -> str:
    return f"The slots of this scene: {slots}."


KEYS = (
    "The keys N and B step to the next beat and back. The seed decides everything: whoever opens "
    "this page's address sees the same scene at the same beat."
)

USE_IT = (
    "Every lesson can work on this sitcom: the Data lesson counts it, the Tokenization lesson cuts "
    "it, the Training lesson learns it. The more scenes, the better a model can learn what "
    "belongs together, and the longer that takes."
)


def now_in_use(text: str) -> str:
    return f"All lessons now use “{as_text(text)}”."


def in_use(text: str) -> str:
    return f"The lessons use “{as_text(text)}”."
