"""Tokens as they are shown."""

import unicodedata

from ui.show.tokens import visible

SIGNS = {" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍", "\u00a0": "⍽"}


def test_every_character_can_be_seen_alone_and_among_others():
    for number in range(0x20000):
        character = chr(number)
        hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        shown = SIGNS.get(character, f"<U+{number:04X}>" if hidden else character)
        assert visible(character) == shown
        assert visible(f"a {character}") == f"a␣{shown}"
