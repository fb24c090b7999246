"""`python -m corpus sitcom`: write scenes, or check those of a file."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from corpus.command_line import positive
from corpus.files import replacing
from corpus.sitcom.checker import RULES, check, split_scenes
from corpus.sitcom.scene import generate, in_one_text
from corpus.user_text import from_file

SUMMARY = "Write scenes of the generated sitcom, or check those of a text."
EXAMPLES = """\
examples:
  python -m corpus sitcom --seed 1 --scenes 5
  python -m corpus sitcom --seed 1 --scenes 50000 --out spin.txt
  python -m corpus sitcom --seed 1 --scenes 500 --held-out --out unseen.txt
  python -m corpus sitcom --check spin.txt
"""
BAR = 30  # characters
REDRAW = 0.2  # seconds
SHOWN = 3  # faults printed for each rule


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command understands."""
    parser.description = SUMMARY
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument("--seed", type=int, metavar="N", help="same seed, same scenes (1)")
    parser.add_argument("--scenes", type=positive, metavar="N", help="how many scenes (10)")
    parser.add_argument("--out", type=Path, help="write this file, whole or not at all (print)")
    parser.add_argument(
        "--held-out",
        action="store_true",
        help="scenes whose plot, people and object no training scene puts together",
    )
    parser.add_argument("--check", type=Path, metavar="FILE", help="check the scenes of a text")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; return the exit status."""
    if arguments.check:
        return _check(arguments)
    seed = 1 if arguments.seed is None else arguments.seed
    count = 10 if arguments.scenes is None else arguments.scenes
    scenes = (scene.text for scene in generate(seed, count, arguments.held_out))
    if arguments.out is None:
        _write(scenes, sys.stdout)
        return 0
    with (
        replacing(arguments.out) as path,
        path.open("w", encoding="ascii", newline="\n") as file,
    ):
        _write(_with_bar(scenes, count, "written"), file)
    return 0


def _write(scenes: Iterable[str], file: TextIO) -> None:
    """Write scenes, two blank lines between them."""
    file.writelines(in_one_text(scenes))
    file.flush()


def _with_bar(scenes: Iterable[str], count: int, verb: str) -> Iterator[str]:
    """Yield the scenes, and draw a progress bar on stderr."""
    start = drawn = time.monotonic()
    characters = 0
    for done, scene in enumerate(scenes, 1):
        yield scene
        characters += len(scene) + 3
        now = time.monotonic()
        if now - drawn >= REDRAW or done == count:
            drawn = now
            bar = "#" * (BAR * done // count)
            left = (now - start) * (count - done) / done
            print(
                f"\r[{bar:<{BAR}}] {done:,} of {count:,} scenes {verb},"
                f" {characters / 1e6:.1f} MB, {left:.0f} s left ",
                end="" if done < count else "\n",
                file=sys.stderr,
                flush=True,
            )


def _check(arguments: argparse.Namespace) -> int:
    """Check every scene of a text, and print how many break each rule."""
    written = (arguments.seed, arguments.scenes, arguments.out)
    if arguments.held_out or any(value is not None for value in written):
        raise ValueError(
            "--check only reads a file; leave out --seed, --scenes, --held-out and --out."
        )
    scenes = list(split_scenes(from_file(arguments.check).text))
    broken: Counter[str] = Counter()
    examples: dict[str, list[str]] = {rule: [] for rule in RULES}
    passed = 0
    for number, scene in enumerate(_with_bar(scenes, len(scenes), "checked"), 1):
        verdict = check(scene)
        passed += verdict.passed
        broken.update({fault.rule for fault in verdict.faults})
        for fault in verdict.faults:
            examples[fault.rule].append(f"scene {number}: {fault.message}")
    share = 100 * passed / len(scenes) if scenes else 0
    print(f"{passed:,} of {len(scenes):,} scenes hold together ({share:.1f}%).")
    for rule, wanted in RULES.items():
        print(f"{rule:<9} {broken[rule]:>7,} scenes break: {wanted}")
        for example in examples[rule][:SHOWN]:
            print(f"{'':<18}{example}")
    return int(passed < len(scenes) or not scenes)
