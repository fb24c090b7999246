"""Check plots while they are written: `python -m corpus.sitcom.validate [plots/one.toml ...]`.

Plays 300 scenes of each plot and prints one line for each problem, then a sample scene.
Without arguments all plots of the show are checked. Exits with 1 if there is a problem.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random

from corpus.command_line import Parser, run_command
from corpus.sitcom.reading import Reader
from corpus.sitcom.scene import (
    MAX_CHARACTERS,
    MAX_LINES,
    MIN_LINES,
    Scene,
    draw_fillers,
    has_right_length,
    has_right_turns,
    play,
    written,
)
from corpus.sitcom.script import Script, ScriptRules
from corpus.sitcom.show import FOLDER, Beat, Plot, Show, ShowError, is_role, load_show
from corpus.sitcom.wording import Choice, Wording

SCENES = 300
WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")
SMALL_START = re.compile(r"(?:^[A-Z]+: |^\(|[!?] |(?<!\.)\. )[a-z]")
# The generator draws again when the length is wrong; this share of wrong ones is tolerated.
TOLERATED = 0.4
MIN_WORDINGS, MIN_FITTING = 4, 2


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit status."""
    parser = Parser(
        prog="python -m corpus.sitcom.validate", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument("plots", nargs="*", type=Path, help="TOML files; all if none is given")
    parser.add_argument(
        "--sample",
        type=int,
        default=1,
        choices=range(21),
        metavar="N",
        help="scenes to print of each plot (1)",
    )
    parser.add_argument("--words", action="store_true", help="print the words no list knows")
    return run_command(lambda: _run(parser.parse_args(arguments)))


def _run(chosen: argparse.Namespace) -> int:
    failed, shows = False, []
    for path in chosen.plots or sorted((FOLDER / "plots").glob("*.toml")):
        try:
            shows.append(load_show([path]))
        except ShowError as error:
            failed = True
            print(error)
    vocabulary: Counter[str] = Counter()
    for show in shows:
        failed |= _report(show, chosen.sample, vocabulary)
    print(f"{len(shows)} plots, {len(vocabulary):,} different words.")
    if chosen.words:
        print(*sorted(word for word in vocabulary if word not in _known_words()))
    return int(failed)


def _report(show: Show, sample: int, vocabulary: Counter[str]) -> bool:
    """Print the problems of the show's only plot, and tell whether there were any."""
    plot = show.plots[0]
    problems = [*wording_problems(plot), *state_problems(plot)]
    scenes: list[Scene] = []
    if not any("fewer than 1" in problem for problem in problems):
        random = Random(plot.slug)
        states = [draw_fillers(plot, random) for _ in range(SCENES)]
        first = [written(plot, fillers, random, show) for fillers in states]
        problems += length_problems(first)
        again = [play(plot, fillers, random, show) for fillers in states]
        # Where no scene comes out right, the first shows what is wrong.
        scenes = [b or a for a, b in zip(first, again, strict=True)]
        problems += scene_problems(plot, scenes, show)
    for problem in problems:
        print(f"{plot.slug}: {problem}")
    for scene in scenes:
        vocabulary.update(word.lower() for word in WORD.findall(scene.text))
    for scene in scenes[:sample]:
        length = f"{len(scene.text):,} characters"
        print(f"\n--- {plot.slug} ({plot.title}), {length} ---\n{scene.text}\n")
    if not problems:
        print(f"{plot.slug}: fine.")
    return bool(problems)


def wording_problems(plot: Plot) -> Iterator[str]:
    """Yield what is wrong with the wordings themselves."""
    for k, beat in enumerate(plot.beats):
        if len(beat.wordings) < MIN_WORDINGS:
            yield f"beat {beat.name} has {len(beat.wordings)} wordings, not {MIN_WORDINGS}."
        seen: dict[str, int] = {}
        for number, wording in enumerate(beat.wordings, 1):
            source = "\n".join(line.source for line in wording.lines)
            if source in seen:
                yield f"beat {beat.name}: wordings {seen[source]} and {number} are the same."
            seen[source] = number
            if k in (0, len(plot.beats) - 1) and "thing" not in _named_always(wording):
                yield f"beat {beat.name}, wording {number} doesn't always name the thing."
            if k == 0 and wording.lines[0].speaker is not None:
                yield f"beat {beat.name}, wording {number} doesn't begin with a direction."
            if not source.isascii():
                yield f"beat {beat.name}, wording {number} isn't plain ASCII."
            yield from _name_problems(plot, beat, number, wording)
        yield from _fitting_problems(plot, beat)


def _name_problems(plot: Plot, beat: Beat, number: int, wording: Wording) -> Iterator[str]:
    """Yield a line if somebody named outright may be there by another role, unforeseen."""
    words = " ".join(line.source for line in wording.lines)
    asked = {role: allowed for role, allowed in wording.conditions.items() if is_role(role)}
    fitting = [c for c in plot.castings if all(c[role] in asked[role] for role in asked)]
    for role in plot.roles:
        people = {casting[role] for casting in fitting}
        for person in people if len(people) > 1 else ():
            if re.search(rf"\b{person.capitalize()}\b", words):
                yield (
                    f"beat {beat.name}, wording {number} names {person.capitalize()}, who may"
                    f" also be there as {role}."
                )


def _named_always(wording: Wording) -> set[str]:
    """Return the slots that stand in the wording outside of any choice."""
    return {
        part.name
        for line in wording.lines
        for part in line.parts
        if not isinstance(part, str | Choice)
    }


def _fitting_problems(plot: Plot, beat: Beat) -> Iterator[str]:
    """Yield the states for which too few wordings are left."""
    asked = sorted({slot for wording in beat.wordings for slot in wording.conditions})
    roles = [slot for slot in asked if is_role(slot)]
    others = [slot for slot in asked if not is_role(slot)]
    castings = sorted({tuple(casting[role] for role in roles) for casting in plot.castings})
    few: dict[int, list[str]] = {}
    for people, rest in product(castings, product(*(plot.values[slot] for slot in others))):
        state = dict(zip(roles, people, strict=True)) | dict(zip(others, rest, strict=True))
        count = sum(wording.fits(state) for wording in beat.wordings)
        if count < MIN_FITTING:
            few.setdefault(count, []).append(", ".join(f"{k}={v}" for k, v in state.items()))
    for count, states in few.items():
        many = f" (and {len(states) - 1} more states)" if len(states) > 1 else ""
        yield f"beat {beat.name}: fewer than {count + 1 or 1} wordings fit {states[0]}{many}."


def state_problems(plot: Plot) -> Iterator[str]:
    """Yield what is wrong with the states."""
    for beat in plot.beats:
        for key, value in beat.state.items():
            if key == "there":
                unknown = [r for r in re.split(r",\s*", value) if r not in plot.roles]
                if unknown:
                    yield f'beat {beat.name}: "there" names {", ".join(unknown)}, not a role.'
            elif bare := re.findall(r"(?<!\{)\b[B-HJ-Z]\b(?![.!}])|\bA\b(?=,|$)", value):
                yield f'beat {beat.name}: "{key}" should say {{{bare[0]}}}, not {bare[0]}.'


def length_problems(scenes: list[Scene]) -> Iterator[str]:
    """Yield a line if so many scenes have the wrong length that drawing again hardly helps."""
    wrong = [scene.text for scene in scenes if not has_right_length(scene.text)]
    if len(wrong) > TOLERATED * len(scenes):
        characters = max(map(len, wrong))
        spoken = max(len(re.findall("^[A-Z]+: ", text, re.MULTILINE)) for text in wrong)
        share = 100 * len(wrong) / len(scenes)
        yield (
            f"{share:.0f}% of the scenes don't have {MIN_LINES} to {MAX_LINES} spoken lines and"
            f" at most {MAX_CHARACTERS:,} characters: up to {spoken} and {characters:,}."
        )


def scene_problems(plot: Plot, scenes: list[Scene], show: Show) -> Iterator[str]:
    """Yield the problems of these scenes of the plot: how many have it, and the first."""
    rules, reader = ScriptRules(show), Reader(show)
    found: dict[str, list[str]] = {}
    for scene in scenes:
        for kind, example in _scene_problems(scene, rules, reader):
            found.setdefault(kind, []).append(example)
    for kind, examples in found.items():
        share = 100 * len(examples) / len(scenes)
        frequent = Counter(examples).most_common(3)
        shown = " | ".join(example for example, _ in frequent)
        yield f"{kind} ({share:.0f}% of the scenes): {shown}"


def _scene_problems(scene: Scene, rules: ScriptRules, reader: Reader) -> Iterator[tuple[str, str]]:
    elements = scene.text.split("\n\n")[1:]
    if not has_right_length(scene.text):
        yield "no scene of the right length", f"{scene.slots}"
    elif not has_right_turns(scene.text):
        pairs = zip(elements, elements[1:], strict=False)
        twice = [f"{a} / {b}" for a, b in pairs if not has_right_turns(f"\n\n{a}\n\n{b}\n\n(.)")]
        where = twice[0] if twice else elements[-1]
        yield "somebody speaks twice in a row, or after their own question", where
    for line in elements:
        if SMALL_START.search(line):
            yield "a sentence begins small", line[:70]
        if "  " in line or re.search(r" [.,!?)]", line):
            yield "a space too many", line[:70]
    script = rules.read(scene.text, any_length=True)
    if not isinstance(script, Script):
        yield script[0].rule, script[0].message
        return
    for fault in rules.faults(script):
        yield fault.rule, fault.message
    reading = reader.read(script)
    if not isinstance(reading, Scene):
        yield "can't be read back", reading.message
    elif any(scene.slots[name] != value for name, value in reading.slots.items()):
        yield "read back as something else", str(dict(reading.slots))


def _known_words() -> set[str]:
    text = FOLDER.parent.joinpath("texts", "spin_cycle.txt").read_text(encoding="ascii")
    return {word.lower() for word in WORD.findall(text)}


if __name__ == "__main__":
    sys.exit(main())
