"""The generated sitcom in figures: speed, variety, and what its checker lets through.

    python -m benchmarks.sitcom [--scenes 100000] [--checked 2000]

Scenes are written with seed 1. The first --checked of them are checked as they are, and each is
broken once in every way of `corpus.sitcom.corruption` and checked again: by all rules, and by the
general rules alone (those that know nothing of the plots).
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from itertools import islice
from random import Random

from corpus.sitcom.checker import Checker
from corpus.sitcom.corruption import KINDS, corrupted
from corpus.sitcom.scene import Scene, generate
from corpus.sitcom.show import Show, the_show

SEED = 1
WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")


def print_variety(count: int, show: Show) -> None:
    """Write the scenes once, and print how fast, how varied, and how many came twice."""
    wordings = [wording for plot in show.plots for beat in plot.beats for wording in beat.wordings]
    beats = sum(len(plot.beats) for plot in show.plots)
    print(f"{len(show.plots)} plots, {beats} beats, {len(wordings):,} wordings.")
    print(f"{len(show.cast)} people, {len(show.places)} places.")
    start = time.perf_counter()
    characters = sum(len(scene.text) + 3 for scene in generate(SEED, count, show=show))
    seconds = time.perf_counter() - start
    print(
        f"{count:,} scenes, {characters / 1e6:.1f} MB: {characters / 1e6 / seconds * 60:.0f} MB a"
    )
    print(
        f"minute, {count / seconds:,.0f} scenes a second, {characters / count:.0f} characters each."
    )
    words: Counter[str] = Counter()
    seen: set[int] = set()
    for scene in generate(SEED, count, show=show):
        words.update(WORD.findall(scene.text.lower()))
        seen.add(hash(scene.text))
    print(f"{len(words):,} different words, {words.total():,} in all.")
    print(f"{count - len(seen):,} scenes repeat an earlier one.")


def print_checks(scenes: list[Scene], show: Show) -> None:
    """Print the share of whole scenes that pass, and of broken ones that are rejected."""
    for name, checker in (
        ("all rules", Checker(show)),
        ("general rules alone", Checker(show, plots=False)),
    ):
        start = time.perf_counter()
        passed = sum(checker.check(scene.text).passed for scene in scenes)
        seconds = time.perf_counter() - start
        print(f"\n{name}: {_share(passed, len(scenes))} of whole scenes pass", end="")
        print(f" ({len(scenes) / seconds:,.0f} checked a second); rejected of those with")
        for kind in KINDS:
            random = Random(f"{SEED} {kind}")
            texts = [corrupted(scene, kind, random, show) for scene in scenes]
            broken = [text for text in texts if text is not None]
            rejected = sum(not checker.check(text).passed for text in broken)
            print(f"  {kind:<8} {_share(rejected, len(broken))} of {len(broken):,}")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:6.2f}%"


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--scenes", type=int, default=100_000)
    parser.add_argument("--checked", type=int, default=2_000)
    chosen = parser.parse_args()
    show = the_show()
    print_variety(chosen.scenes, show)
    print_checks(list(islice(generate(SEED, chosen.checked, show=show), chosen.checked)), show)


if __name__ == "__main__":
    main()
