"""Shannon's guessing game: the reader guesses each next character until it is right."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from gpt_core.evaluation.guessing import bounds, rank
from gpt_core.evaluation.surprise import cost_of
from pages.evaluation import words
from pages.evaluation.results import measured
from ui.app.glossary import prose
from ui.app.lesson import GAME_HIDDEN
from ui.app.locks import REVEAL, locked
from ui.services.caches import shared
from ui.services.models import LoadedModel
from ui.show.tokens import visible

GIVEN, GUESSED = 30, 60  # characters of a line
_MOST_GUESSES = 60
_STATE, _TYPED = "eval_shannon", "eval_typed"


@dataclass
class Game:
    """One line, and how far the reader has come. Lives in the visitor's session.

    ranks: guesses that each character took. tried: the wrong ones at the present character. told:
    how many characters were given up.
    """

    line: str
    ranks: list[int] = field(default_factory=list)
    tried: str = ""
    told: int = 0

    @property
    def at(self) -> int:
        """How many characters of the line are known."""
        return min(GIVEN, len(self.line) // 2) + len(self.ranks)

    @property
    def over(self) -> bool:
        """Whether there is nothing left to guess."""
        return self.at == len(self.line)

    def guess(self, characters: str) -> None:
        """Take several guesses in their order, until one is right."""
        if self.over:
            return
        found = rank(self.tried + characters, self.line[self.at])
        if found is None:
            self.tried = "".join(dict.fromkeys(self.tried + characters.lower()))
        else:
            self.ranks.append(found)
            self.tried = ""

    def give_up(self, alphabet: int) -> None:
        """Be told the character; see `bounds`."""
        if not self.over:
            self.ranks.append(max(alphabet, len(self.tried) + 1))
            self.told += 1
            self.tried = ""


@shared()
def line_of(loaded: LoadedModel) -> tuple[str, int]:
    """A line of the held-out text to guess, and how many different characters the text has."""
    found = measured(loaded)
    if isinstance(found, str):
        return "", 0
    # From the end: the beginning is shown in other parts of the page.
    texts = [piece.text for piece in reversed(found.pieces.pieces)]
    # The first and the last line of a piece are cut.
    lines = [line.strip() for text in texts for line in text.split("\n")[1:-1]]
    long = [line for line in lines if len(line) >= GIVEN + GUESSED // 2]
    best = long[0] if long else max(lines or texts, key=len)
    return best[: GIVEN + GUESSED], len(set("".join(texts).lower()))


@st.fragment
def show_game(loaded: LoadedModel) -> None:
    """The line so far, a box for guesses, and what the guesses say."""
    if locked(REVEAL):
        st.info(GAME_HIDDEN, icon=":material/lock:")
        return
    line, alphabet = line_of(loaded)
    if len(line) < 4:
        st.info(words.NO_GAME)
        return
    games: dict[str, Game] = st.session_state.setdefault(_STATE, {})
    game = games.setdefault(loaded.fingerprint, Game(line))
    shown = visible(line[: game.at]).replace("␣", " ")
    st.code(
        shown + ("" if game.over else "▁" * (len(line) - game.at)), language=None, wrap_lines=True
    )
    if not game.over:
        ask_for_guess(game, alphabet)
    if game.ranks:
        found = bounds(game.ranks, told=game.told, alphabet=alphabet)
        prose(words.game_finding(game.ranks, found, own_bits(loaded, line, game.at)))
        st.button(
            "Begin again",
            key="eval_again",
            icon=":material/restart_alt:",
            on_click=begin_again,
            args=(games, loaded.fingerprint),
        )


def ask_for_guess(game: Game, alphabet: int) -> None:
    """One box: a character, or several in the order of the reader's bets."""
    with st.form("eval_guess", clear_on_submit=True, border=False):
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        left.text_input(words.YOUR_GUESS, key=_TYPED, max_chars=_MOST_GUESSES)
        right.form_submit_button(
            "Guess", width="stretch", type="primary", on_click=take_guess, args=(game,)
        )
    if game.tried:
        st.caption(words.wrong(game.tried))
    st.button(
        "Tell me",
        key="eval_tell",
        icon=":material/visibility:",
        on_click=game.give_up,
        args=(alphabet,),
    )


def begin_again(games: dict[str, Game], key: str) -> None:
    """The same line, as if nothing of it were known."""
    games.pop(key, None)


def take_guess(game: Game) -> None:
    """What was typed, before the box is emptied."""
    game.guess(st.session_state.get(_TYPED) or "")


@shared()
def own_bits(loaded: LoadedModel, line: str, at: int) -> float | None:
    """Bits per character that the model itself needs for the line as far as it is known."""
    cost = cost_of(loaded.model, loaded.tokenizer, line[:at])
    return cost.per_character if cost and cost.characters else None
