"""What the Sitcom lesson says."""

from __future__ import annotations

from corpus.sitcom import Scene, Verdict
from corpus.sitcom.checker import RULES
from corpus.sitcom.looking import Size
from corpus.sitcom.scene import HELD_OUT_ONE_IN
from ui.app.lesson import Answer
from ui.show.names import as_text

STATE = "The scene, and what is true after a beat"
STATE_COLUMNS = ("who or what", "says", "after the beat", "changed in it")
VERDICT = "The eight rules"
GOAL = "See what it takes for a text to make sense, and how a program can test it."
INTRO = (
    "A small model can't learn the world from a small text. So this project has a **sitcom of its "
    "own**: a laundromat, {people} people, few words, as many scenes as you like. A program writes "
    "it. For every beat it also writes down **who is there, who wants what, who believes what, "
    "and where the thing is**. A model should work this out from the lines alone. Step through "
    "the scene."
)

# A beat, and what it is for.
BEATS = {
    "setup": "The **setup** shows who is there, and the thing that the scene is about.",
    "want": "The **want**: somebody wants something, or there would be no scene.",
    "complication": "The **complication**: it isn't as easy as that.",
    "misunderstanding": "The **misunderstanding**: somebody takes a thing for another. We know "
    "better than they do, and that is the joke.",
    "reversal": "The **reversal**: the truth comes out, and everything changes.",
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

HOW_BROKEN = "How should the scene be broken?"
WHICH_RULE = "Which rule will catch it?"
CHECKER = (
    "How can we test whether a model's scenes make sense? The loss doesn't tell us, and nobody can "
    "read ten thousand of them. So there is a **checker**: a program that reads a scene's text "
    f"alone, without knowing how it was made, and applies {len(RULES)} rules. Here the scene from "
    "above has been broken."
)
HONEST = (
    "**What the checker is, and is not.** The first seven rules could be used by any reader of a "
    "script. The last one compares with all {plots} plots of this show. So it also refuses a "
    "sensible line that none of the plots has, and a good joke of your own. And it can be fooled: "
    "some broken scenes happen to be scenes that the show might have had. It tells whether a text "
    "is *like this show*, not whether it is good."
)
INDEPENDENT = (
    "The quick way to an endless text would be to draw every line by itself. Here is one: its "
    "first line is from one scene, its second from another, and so on. Every line is good, and no "
    "line answers another. From such a text a model could learn words and names, but not which "
    "answer belongs to which question: the text doesn't hold it."
)
HELD_OUT = (
    "**A held-out scene** is one whose combination of plot, people and object is in no training "
    "scene, whatever the seed. There are {combinations:,} combinations, and one in "
    f"{HELD_OUT_ONE_IN} is kept back. A model that writes or predicts those well did not copy "
    "whole scenes. But all {plots} plots and all {wordings:,} wordings are in a long training "
    "text, so it can have their sentences by heart. What is new is who and what fills them."
)
TRY = (
    "**Who is wrong?** Find a scene where somebody *believes* what is not so. Which line "
    "shows that belief? In which beat does the truth come out?",
    "**Same plot, other people.** Choose a title, then press *Another scene* until Theo "
    "plays in it. Which words change, and which don't?",
    "**Fool the checker.** Swap two turns, again and again in other places, until it finds "
    "nothing. Does the scene still make sense to you?",
    "**Learn it.** Use 1,000 scenes as your text, train a small model on them, let it write "
    "a scene in the Sample lesson, and paste what it wrote into the box above. Which rules "
    "does it keep first?",
)

QUESTIONS = (
    (
        "A model has a very low loss on this sitcom. Does that prove that its own scenes make "
        "sense?",
        "No. The loss measures how well it predicts one token at a time in scenes that are given. "
        "A single wrong name costs little and can spoil a scene.",
    ),
    (
        "A model writes held-out scenes without a fault. What has it not copied, and what may it "
        "have?",
        "Not the whole scenes: their combinations of plot, people and object were never in its "
        "text. But it has seen every plot and every wording with other people and things.",
    ),
    (
        "The checker finds nothing wrong with a broken scene. Is the checker broken, too?",
        "Not necessarily. Two swapped turns can give a scene that the show might have had, and "
        "then nothing in the text is wrong.",
    ),
)
ABILITIES = (
    "name the beats of a scene, and what each is for",
    "say what a checker can tell about a model's scenes that the loss doesn't",
    "say what a held-out scene proves, and what it doesn't",
)
READING = (
    "Eldan & Li 2023, [TinyStories](https://arxiv.org/abs/2305.07759): small models learn to write "
    "sense from a text that is made for them",
    "Weston and others 2015, [Towards AI-Complete Question Answering](https://arxiv.org/abs/"
    "1502.05698): generated stories whose state is known",
    "Li and others 2021, [Implicit Representations of Meaning in Neural Language Models]"
    "(https://arxiv.org/abs/2106.00737): the state of a story, read off inside a model",
)


def how_made(size: Size) -> str:
    """How a scene is made, with the show's own numbers."""
    return (
        f"**{size.plots} plots** were written for it, sentence by sentence. A plot is five or six "
        f"**beats**, and every beat has several **wordings**: {size.wordings:,} in all. A wording "
        "has **slots** for what may differ: who plays it, which thing it is about, where, and at "
        "what price. To make a scene the program draws a plot, fills the slots once for the whole "
        "scene, and takes one wording of each beat. So the people, the thing and the place stay "
        "the same from the first line to the last. The state of each beat is written beside it, "
        "by hand, once for all its wordings."
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
        " It names the lines marked ✗." if seen else " No line is wrong by itself: one is missing."
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

OWN_NOT_IN_LINK = "What you write here is not in this page's link."
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
    "Every lesson can work on this sitcom: Data counts it, Tokenization cuts it, in Training a "
    "model learns it. The more scenes, the better a model can learn what belongs together, and "
    "the longer that takes."
)


def now_in_use(text: str) -> str:
    return f"All lessons now use “{as_text(text)}”."


def in_use(text: str) -> str:
    return f"The lessons use “{as_text(text)}”."
