"""What the page of the class says."""

from __future__ import annotations

from ui.services.classes.limits import ClassLimits

INTRO = (
    "Thirty screens, one lesson. The teacher opens a class; pupils type its code and see what the "
    "teacher shows. Nobody has an account, and nobody needs to say their name."
)
OPEN = "Open a class"
OPEN_HELP = "You get a code for your pupils. This browser is the teacher's from then on."
JOIN = "Join a class"
CODE = "Code of the class"
NICKNAME = "Nickname"
NICKNAME_LEFT = "leave it empty, and you get one"
NICKNAME_HELP = "Made up, like Brave Otter. It needn't say who you are, and you may change it."
PRIVACY = (
    "**What is kept**: the nickname, the answers and what is handed in, in one file on this "
    "server. No address, no e-mail, no real name. All of it is deleted when the teacher ends the "
    "class, and after 12 hours in any case."
)
TYPE_ON_HOME = "Open this address and type the code:"
QR_ALT = "QR code of the address at which pupils join this class"
REVEALED = "Revealed: the class sees these counts, too."
NO_NETWORK = (
    "This computer is in no network, so nobody else can open the app. Join a network, then open "
    "this page again."
)
WHICH_ADDRESS = "Address for the pupils"
LINK = (
    "Your own link, for a second window or your phone. Whoever has it is the teacher: never show "
    "it on a projector. It ends in a secret that no server log sees, and that the address loses as "
    "soon as it is opened."
)
REISSUE = "Make the old link worthless"
REISSUED = "Done. Only this browser, and the link above, are the teacher now."
CLOSED = "The door is closed: nobody else can join."
END = "End the class …"
END_SURE = (
    "All answers, the board and the runs of this class are deleted now, except for runs that "
    "somebody has kept."
)
END_NOW = "End it and delete everything"
ENDED = (
    "The class has ended. Its answers, texts and board are deleted, and so are all runs that "
    "nobody has kept."
)
NOBODY = "Nobody is here yet."
WHO = "Choose somebody"
NO_ANSWERS = (
    "Nobody has answered anything yet. Open a lesson that asks something, and let the class guess."
)
HOLD = "Answers are judged only when I reveal them"
FIX = "Model and prompt are fixed: every pupil has mine"
FIX_HELP = "This holds for pupils who look around on their own, too. They can't change the bar."
SHOW_COUNTS = "Show me the counts before the class sees them"
EMPTY_BOARD = (
    "Nothing is on the board. Pupils hand in what they see, or a text, by the button above."
)
ON_SCREENS = ":material/check: On the screen of everybody who follows you."
TAKEN_OFF = "This is not on the board any more."
IN_CLASS = (
    "As soon as your teacher opens a lesson, you see it as well. You may look around on your own "
    "at any time and come back by one press."
)
SHOW_NAME = "My answers may be shown with my nickname"
LEAVE = "Leave the class"
LEAVE_HELP = "Your answers and what you have handed in go with you."
RUN = (
    "To train one model together, open Training and switch on *For the whole class*: everybody "
    "watches the same curves, and finds the model in every lesson."
)
A_PUPIL = "a pupil"


def blocked(address: str, teacher: bool) -> str:
    """Where a browser keeps no seat. address: the app's own, outside of any frame."""
    link = ", or keep your own link (at the end of this page)" * teacher
    return (
        "This browser doesn't let the app keep anything (as in a frame on another site). After a "
        f"reload you would have lost your seat. Open the app [at its own address]({address}) "
        f"instead{link}."
    )


def firewall(addresses: int) -> str:
    """What it takes to reach this computer, which has so many addresses."""
    several = "These are this computer's addresses in its networks. Pupils must be in the same one."
    one = "This is this computer's address in its network. Pupils must be in the same network."
    return (
        f"{one if addresses == 1 else several} If their phones can't open it, this computer's "
        "firewall may be closed (let Python accept connections), or the network keeps its clients "
        "apart, as many school networks do: a telephone's hotspot helps then."
    )


def until(hours_left: float) -> str:
    """How long the class lasts."""
    whole = int(hours_left)
    minutes = int(60 * (hours_left - whole))
    return f"It ends by itself in {whole} h {minutes:02d} min."


def limits(limit: ClassLimits) -> str:
    """What a class may hold."""
    return (
        f"A class has room for {limit.members} pupils, {limit.questions} questions and "
        f"{limit.items} things on its board; the server for {limit.classes} classes."
    )


def named(name: str, answer: str) -> str:
    """One answer, with the nickname where its owner allows it."""
    return f"- {name}: {answer}"
