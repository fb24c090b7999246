"""Tokens as they are shown."""

import unicodedata

from ui.show.tokens import visible

SIGNS = {" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍", "\u00a0": "⍽"}


def is_blank(character):
    """Whether Unicode says that it is drawn as nothing, or it is the empty pattern of Braille."""
    name = unicodedata.name(character, "")
    return (
        "VARIATION SELECTOR" in name
        or ("FILLER" in name and unicodedata.category(character) != "Po")
        or name
        in (
            "COMBINING GRAPHEME JOINER",
            "BRAILLE PATTERN BLANK",
            "KHMER VOWEL INHERENT AQ",
            "KHMER VOWEL INHERENT AA",
        )
    )


def test_a_chip_is_never_empty():
    assert visible("\ufe0f") == "<U+FE0F>"
    assert visible("\u2764\ufe0f") == "\u2764<U+FE0F>"
    assert visible("\U000e0101\u3000") == "<U+E0101><U+3000>"


def test_every_character_can_be_seen_alone_and_among_others():
    for number in range(0x20000):
        character = chr(number)
        category = unicodedata.category(character)
        hidden = category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs") or is_blank(character)
        shown = SIGNS.get(character, f"<U+{number:04X}>" if hidden else character)
        assert visible(character) == shown
        assert visible(f"a {character}") == f"a␣{shown}"
