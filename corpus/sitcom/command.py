"""`python -m corpus sitcom`: write scenes, or check those of a file."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from corpus.sitcom.checker import RULES, check, split_scenes
from corpus.sitcom.scene import generate, in_one_text
from corpus.sitcom.show import ShowError

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
    parser.add_argument("--seed", type=int, default=1, help="same seed, same scenes (1)")
    parser.add_argument("--scenes", type=_count, default=10, help="how many scenes (10)")
    parser.add_argument("--out", type=Path, help="write this file, whole or not at all (print)")
    parser.add_argument(
        "--held-out",
        action="store_true",
        help="scenes whose plot, people and object no training scene puts together",
    )
    parser.add_argument("--check", type=Path, metavar="FILE", help="check the scenes of a text")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; return the exit status."""
    try:
        if arguments.check:
            return _check(arguments.check)
        scenes = (s.text for s in generate(arguments.seed, arguments.scenes, arguments.held_out))
        if arguments.out is None:
            with suppress(BrokenPipeError):
                _write(scenes, sys.stdout)
            return 0
        with atomic(arguments.out) as file:
            _write(_with_bar(scenes, arguments.scenes, "written"), file)
    except KeyboardInterrupt:
        print("\nStopped: nothing was written.", file=sys.stderr)
        return 130
    except (OSError, ShowError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("at least one scene, please")
    return count


def _write(scenes: Iterable[str], file: TextIO) -> None:
    """Write scenes, two blank lines between them."""
    file.writelines(in_one_text(scenes))
    file.flush()


@contextmanager
def atomic(path: Path) -> Iterator[TextIO]:
    """Give a file to write, which takes `path`'s place only when all is written.

    Raises OSError if the folder can't be written.
    """
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(number, "w", encoding="ascii", newline="\n") as file:  # noqa: PTH123
            yield file
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)  # mkstemp's file is for its owner alone
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


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


def _check(path: Path) -> int:
    """Check every scene of a text, and print how many break each rule."""
    text = path.read_text(encoding="utf-8", errors="replace")
    scenes = list(split_scenes(text))
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
