"""A sitcom made by a seeded generator from hand-written plots, and a checker that reads it.

The plots, the cast and the pools are TOML files beside this module (CC0, see LICENSE.txt);
`python -m corpus.sitcom.validate` checks them while one writes.
"""

from corpus.sitcom.checker import Verdict, check, read_state, split_scenes
from corpus.sitcom.scene import (
    HEADING,
    SEPARATOR,
    PlayedBeat,
    Scene,
    generate,
    in_one_text,
    whole_text,
)
from corpus.sitcom.script import Fault
from corpus.sitcom.show import small_fillers

__all__ = [
    "HEADING",
    "SEPARATOR",
    "Fault",
    "PlayedBeat",
    "Scene",
    "Verdict",
    "check",
    "generate",
    "in_one_text",
    "read_state",
    "small_fillers",
    "split_scenes",
    "whole_text",
]
