"""What the teacher's page says; the sheets on single lessons lie beside this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pages.teach.sheet import Sheet
from pages.teach.words import deeper, inside, learning, start
from ui.show.numbers import counted

SHEETS: dict[str, Sheet] = {
    **start.SHEETS,
    **inside.SHEETS,
    **learning.SHEETS,
    **deeper.SHEETS,
}
TITLE = "For teachers"
INTRO = (
    "Three ways through the course, a sheet for each lesson, a worksheet for pupils. To print, use "
    "your browser's own *Print*: each sheet begins on a page of its own, and what is folded here "
    "is open there."
)
WAYS = "Three ways through the course"
WAY = "How much time is there?"
SHORT, TWO, WHOLE = "45 minutes", "two lessons of 90", "all of it"
# By way: lessons, each a list of folders in pages/. All of the course isn't listed here.
PLANS: dict[str, tuple[tuple[str, ...], ...]] = {
    SHORT: (("home", "tokenization", "averaging", "attention", "training", "sample"),),
    TWO: (
        ("home", "tokenization", "surprise", "averaging"),
        ("attention", "training", "sample"),
    ),
}
LENGTH = {SHORT: 45, TWO: 90}
PART, ALL_PARTS = "Lesson {}", "The course"
SHEETS_HEAD = "A sheet for each lesson"
WORKSHEET = "Worksheet"
WORKSHEET_SAYS = (
    "The exercises of this way, without solutions. The solutions stand on the sheets above."
)
NAME_LINE = "Name: ______________________  Date: ______________"
PRIVACY = "Privacy: what a school can sign"
READY = "Is it ready?"
READY_OPEN = "Two minutes before the lesson"
OWNER = "For the owner of this computer: queue, sessions, runs"
IN_CLASS = "What you can do in class"
NO_NETWORK = "This computer is in no network, so nobody else can reach the app."
MODELS, STEPS, MEASURE = "Models", "Steps each", "Measure the speed now"
MOST_RUNS = 100  # that are listed


def join(public: bool) -> str:
    """Below the QR code that a phone tries."""
    said = "Scan it with a phone that is in the same network. "
    if not public:
        said += "Until a class is open one sentence is all that it shows; that is enough. "
    return said + (
        "If nothing opens, the network may keep its devices apart (many school networks do), or "
        "this computer's firewall may block the app's port. A phone's hotspot, or a public server, "
        "is the way out."
    )


def in_class(public: bool, compares: Sequence[str]) -> Sequence[str]:
    """What a class's teacher has at hand. compares: titles of the lessons that compare."""
    first = (
        "**Open a class** under *Classroom*. Whoever has its code sees what you show, until they "
        "look around on their own; *Everybody here* brings them back."
    )
    if not public:
        first += (
            " Before that, whoever isn't on this computer sees one sentence instead of the app: "
            "open the class before your pupils try their phones."
        )
    return (
        first,
        "**Your pointer**: *Show my pointer*, above every lesson, shows those who follow you where "
        "your mouse is on the page.",
        "**Locks**: in the console under *Classroom* you switch on that answers are judged only "
        "when you reveal them, and that every pupil has your model and your prompt. Without a "
        "class, `lock=reveal,study` in a lesson's address (or one of the two words) does the same "
        "for whoever opens that link; the lesson's plain address, in a new tab, has no locks.",
        "**Votes**: *Let the class vote*, under Training, asks for the learning rate, the width or "
        "the text of one run for all. When you close the vote, the form takes what won.",
        "**Handouts**: *Take the whole lesson with you*, at a lesson's end, gives all that it "
        "shows as one file that needs no server. Under each picture and table are its numbers.",
        f"**Compare**, beside the prompt in {', '.join(compares[:-1])}, and {compares[-1]}, draws "
        "a second prompt, another model, or the same one with a head off beside the first, and "
        "says what differs. Pupils don't have it while answers or the prompt are locked.",
    )


def machine(
    usable: int, quota: float | None, disk: int | None, stays: bool | None, version: str
) -> Sequence[str]:
    """What the app runs on, in sentences."""
    limited = f" (a container's quota of {quota:g})" if quota else ""
    room = "unknown" if disk is None else f"{disk / 1e9:.1f} GB"
    kept = {
        True: "Runs survive a restart: their folder lies on a disk that stays.",
        False: "Runs **don't survive a restart** of this container: their folder lies on its own "
        "layers or in memory. Mount a disk, and let `GPT_RUNS` name a folder on it.",
        None: "Whether runs survive a restart can't be told on this system.",
    }[stays]
    return (
        f"Processors to use: **{usable}**{limited}. Training takes one or two of them.",
        f"Free on the disk: **{room}**.",
        kept,
        f"The app: {version}.",
    )


def speed(steps_per_s: float, models: int, steps: int) -> str:
    """What a measured speed means for a class."""
    minutes = models * steps / steps_per_s / 60
    return (
        f"**{steps_per_s:.0f} steps a second**, measured in the app with one thread, for a model "
        f"of the *quick* preset, which is what Training proposes in a class. {models} such models "
        f"of {steps:,} steps, one after the other: about **{minutes:.1f} minutes**, and a second "
        f"or two each to be measured and kept."
    )


def sessions(count: int) -> str:
    """How many tabs are open."""
    return f"{counted(count, 'tab')} connected now, this one included."


def queue(running: int, waiting: int, runs: int) -> str:
    """What trains and what waits. runs: that there are."""
    said = "One run trains" if running else "No run trains"
    newest = "The newest runs, whoever's they are:" if runs else "There are no runs yet."
    return f"{said}; {counted(waiting, 'run')} waiting. {newest}"


AIM, SHOW, OPEN, ASK, ANSWER, WRONG, HAND, OTHER = (
    "Aim", "Show", "Open it", "Ask", "Answer", "What they often say", "By hand", "Exercise",
)  # fmt: skip
SOLUTION = "Solution"


def plan(total: int, minutes: int) -> str:
    """How the minutes of a part fit into a lesson. total: of all its lessons, read alone."""
    if total > minutes:
        return (
            f"Read alone, these lessons take {total} minutes. In {minutes} there is time for the "
            f"picture and one question of each; the minutes below are each lesson's share."
        )
    return f"{total} of {minutes} minutes; {minutes - total} are left for questions."


def whole(count: int, total: int) -> str:
    """All of the course."""
    return f"Home and {count - 1} lessons, {total} minutes: about {round(total / 45)} school hours."


def heading(title: str, minutes: int) -> str:
    """Over a sheet, as its label."""
    return f"**{title}** · {counted(minutes, 'minute')}"


def sheet(about: Sheet, link: str) -> str:
    """One sheet as Markdown. link: opens the lesson as it is to be shown."""
    wrong = "\n".join(f"- “{said}” {reply}" for said, reply in about.wrong)
    return "\n\n".join(
        (
            f"**{AIM}.** Pupils can {about.aim}",
            f"**{SHOW}.** {about.show} [{OPEN}]({link})",
            f"**{ASK}.** {about.ask}",
            f"**{ANSWER}.** {about.answer}",
            f"**{WRONG}.**\n\n{wrong}",
            f"**{HAND}.** {about.by_hand.task}  \n**{SOLUTION}.** {about.by_hand.solution}",
            f"**{OTHER}.** {about.other.task}  \n**{SOLUTION}.** {about.other.solution}",
        )
    )


def worksheet(sheets: Mapping[str, Sheet]) -> str:
    """The tasks of some lessons, by title, numbered, with room to write."""
    rows, number = [NAME_LINE], 0
    for title, about in sheets.items():
        rows.append(f"**{title}**")
        for exercise in (about.by_hand, about.other):
            number += 1
            rows.append(f"{number}. {exercise.task}\n\n   <br><br>")
    return "\n\n".join(rows)


def privacy(days: float, public: bool, results: int, hours: float) -> Sequence[str]:
    """What is stored, where, how long, how it is deleted, with this server's own limits.

    days: after which a run may be removed. results: of computations, that are kept in memory.
    hours: that a class lasts at most.
    """
    here = "a public server" if public else "a private computer"
    return (
        f"This app runs on {here}. It asks for no account, no name and no address. "
        "The server knows nobody by a cookie.",
        "**A random number** is kept in the browser's own storage, so that a pupil finds their "
        "runs after a reload. It says nothing about the person. Clearing the browser's data for "
        "this site deletes it. In a frame on another site where storage is blocked, a cookie keeps "
        "it, which belongs to that frame on that site alone. Where that is blocked, too, it lives "
        "as long as the tab. The seat in a class is kept in the same way.",
        "**The prompt** and the choices on a page stand in the address bar, and so in the "
        "browser's history. The server computes with them in memory. They are not written to its "
        "disk.",
        "**A text that is pasted or uploaded** stays in the server's memory until the tab is "
        "closed. It is written to disk when a model is trained on it, as a part of that run.",
        f"**A run** is a folder on the server: its name, its text, the curves, the weights, and a "
        f"one-way hash of the random number. Its maker deletes it at once with *Delete* under "
        f"Training. Others are removed when they are older than {days:g} days, at the moment when "
        f"somebody starts a new run; whoever runs the server can delete the folder at any time. "
        f"Who has a run's address can look at it.",
        f"**Computations** started from a page (with the texts typed there) stay in memory, at "
        f"most {results}, and are gone when the app ends.",
        "**Answers** to the questions of a lesson stay in the tab's session and are gone with it.",
        f"**In a class** the nickname that a pupil chooses, their answers and votes, and what they "
        f"hand in lie in one file of that class on the server. It is deleted when the teacher ends "
        f"the class, or after {hours:g} hours (where the app doesn't run then, at its next start), "
        f"and with it the runs made in the class, but for those whose maker has pressed *Keep*. "
        f"Where the teacher points is passed on and kept nowhere.",
        "**The log** of the app holds errors and the numbers of runs, no texts. What the host of "
        "the server logs (addresses of visitors, say) is up to the host.",
        "**Nothing is sent to others**: no usage statistics, no fonts, no scripts from elsewhere.",
    )
