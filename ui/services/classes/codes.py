"""What a class and its members are known by: codes, secrets, nicknames."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection

# No I, O and U, which are taken for 1, 0 and V when they are read off a wall.
ALPHABET = "ABCDEFGHJKLMNPQRSTVWXYZ"
LENGTH = 6
LONGEST_NICKNAME = 24  # characters

_ADJECTIVES = (
    *("amber", "brave", "bright", "calm", "clever", "cosy", "curious", "eager", "early", "fair"),
    *("gentle", "golden", "green", "happy", "honest", "jolly", "keen", "kind", "lively", "lucky"),
    *("merry", "mild", "neat", "patient", "polite", "proud", "quick", "quiet", "ruby", "silver"),
    *("smart", "snowy", "steady", "sunny", "swift", "tidy", "velvet", "warm", "wise", "witty"),
)
_ANIMALS = (
    *("badger", "beaver", "bison", "crane", "dolphin", "falcon", "ferret", "finch", "gecko"),
    *("hare", "hedgehog", "heron", "ibis", "jackdaw", "kiwi", "lark", "lemur", "lynx", "marten"),
    *("mole", "newt", "ocelot", "osprey", "otter", "owl", "panda", "pelican", "penguin", "puffin"),
    *("quokka", "raven", "robin", "seal", "sparrow", "stork", "swan", "tapir", "turtle", "wren"),
)
_OTHERS = re.compile(f"[^{ALPHABET}]")


def new_code() -> str:
    """Six letters, drawn at random."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def clean_code(typed: str) -> str:
    """A code as it is kept, of what somebody typed: small letters, spaces and hyphens are fine."""
    return _OTHERS.sub("", typed[:100].upper())[: LENGTH + 1]


def new_secret() -> str:
    """128 random bits, fit for an address."""
    return secrets.token_urlsafe(16)


def hashed(secret: str) -> str:
    """What is kept of a secret: its sha256, 64 hex digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def suggested(taken: Collection[str] = ()) -> str:
    """A nickname that says nothing about anybody, other than those that are taken."""
    name = ""
    for number in range(1, 1_000):
        name = f"{secrets.choice(_ADJECTIVES)} {secrets.choice(_ANIMALS)}".title()
        name += f" {number}" * (number > 50)
        if name not in taken:
            break
    return name


def chance_of_a_hit(tries_per_second: float, hours: float, classes: int) -> float:
    """How likely it is that somebody who tries codes all the time finds a class: a bound."""
    return tries_per_second * hours * 3600.0 * classes / len(ALPHABET) ** LENGTH
