"""A text in which copying pays: shopping lists, each of them read out twice.

    ANNA: pears salt soap rope
    BEN: pears salt soap rope

No list can be guessed: its words are drawn at random, none twice. What the second voice reads can
be known word for word: find the last word in the line above, and look at what came after it.
"""

from __future__ import annotations

import random

NAMES = ("ANNA", "BEN", "CARA", "DEV", "ELLA", "FINN", "GITA", "HUGO")
_WORDS = """
    apple arrow badge banjo basil beans berry blade blanket bottle bread bridge broom brush
    bucket butter button candle carrot carpet castle cheese cherry clock cloud coffee copper
    cotton cradle crayon cushion daisy drum eagle eggs engine fabric feather fiddle flour flute
    forest fork garlic garnet ginger glass globe gloves grapes hammer harbour hazel helmet honey
    hook island ivory jacket jelly jewel kettle ladder lamp lemon letter lime linen lock magnet
    maple marble medal melon milk mirror mitten mustard needle nutmeg oats olive onion orange
    oven paddle paint paper parcel pasta peach pears pebble pencil pepper piano pillow plate
    plum pocket pottery puddle quilt radio radish raisin ribbon rice ring river rocket rope rose
    saddle salt satin scarf scissors shell shovel silk silver slate soap socks spade spoon stamp
    stone string sugar table tent thimble thread ticket tiger tomato towel tray trumpet tulip
    turnip twine umbrella valley velvet vinegar violin wagon walnut water wheel whistle willow
    window wool yarn zebra zinc
"""
WORDS = tuple(_WORDS.split())
SHORTEST, LONGEST = 5, 14  # words of a list


def lists(seed: int, count: int) -> str:
    """So many lists; the same seed gives the same text."""
    dice = random.Random(seed)
    return "\n".join(_twice(dice) for _ in range(count))


def _twice(dice: random.Random) -> str:
    words = dice.sample(WORDS, dice.randint(SHORTEST, LONGEST))
    first, second = dice.sample(NAMES, 2)
    line = " ".join(words)
    return f"{first}: {line}\n{second}: {line}\n"
