"""Results of jobs that come with the repo, so that a lesson shows something before anyone waits.

    python -m gpt_core.bundled.record NAME --job JOB --settings '{"steps": 300}' [--bundled-model]
    python -m gpt_core.bundled.record --again      # all of them, after the model or a job changed
    python -m gpt_core.bundled.record --missing landscape     # the pieces that aren't there yet

A file says which job and which settings made it, when, and in how many seconds; a result about
the bundled model also says which weights it is of.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from datetime import UTC, datetime
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from tqdm import tqdm

from corpus.command_line import Parser, run_command
from gpt_core.bundled import bundled_run_path
from gpt_core.jobs import JobError, find_job
from gpt_core.training.run import Run
from gpt_core.training.run_files import read_json, write_json

RECORDED = Path(__file__).parent / "recorded"


def record(name: str, job: str, settings: dict[str, Any], bundled_model: bool) -> None:
    """Do a job and keep its result under a name."""
    run = Run.open(bundled_run_path()) if bundled_model else None
    started, value = time.monotonic(), None
    with tqdm(desc=name, unit="step") as bar:
        for progress in find_job(job)(run, settings):
            bar.total, value = progress.total, progress.value
            bar.update(progress.done - bar.n)
    if value is None:
        raise JobError(f"The job {job} ended without a result.")
    RECORDED.mkdir(exist_ok=True)
    result = {
        **{"job": job, "settings": settings, "model": model_digest() if bundled_model else None},
        **{"created": datetime.now(UTC).date().isoformat()},
        **{"seconds": round(time.monotonic() - started, 1), "value": value},
    }
    write_json(RECORDED / f"{name}.json", result)


def record_missing(job: str) -> None:
    """Do what the job's module lists in RECORDED, {name: settings}, and isn't there yet.

    A long recording is made in such pieces: whoever ends it in the middle loses one of them.
    """
    find_job(job)
    listed: dict[str, dict[str, Any]] = getattr(
        import_module(f"gpt_core.jobs.{job}"), "RECORDED", {}
    )
    if not listed:
        raise JobError(f"The job {job} lists nothing to record; give a NAME and settings.")
    for name, settings in listed.items():
        if name not in names():
            record(name, job, settings, bundled_model=False)


def load(name: str) -> dict[str, Any]:
    """A recorded result: its "value", and how and when it was made."""
    recorded: dict[str, Any] = read_json(RECORDED / f"{name}.json")
    return recorded


def names() -> list[str]:
    """What is recorded."""
    return sorted(path.stem for path in RECORDED.glob("*.json"))


def hours() -> float:
    """How long all of it took when it was recorded."""
    return sum(load(name)["seconds"] for name in names()) / 3600


def model_digest() -> str:
    """SHA-256 of the bundled weights."""
    return sha256((bundled_run_path() / "model.safetensors").read_bytes()).hexdigest()


def main() -> int:
    """Record one result, or all again."""
    parser = Parser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", nargs="?", help="lower-case letters, digits and _")
    parser.add_argument("--job", help="a module of gpt_core.jobs")
    parser.add_argument("--settings", type=_settings, metavar="JSON", help="an object")
    parser.add_argument("--bundled-model", action="store_true", help="it is about that model")
    again = f"do all recorded jobs once more; last time they took {hours():.1f} hours"
    parser.add_argument("--again", action="store_true", help=again)
    parser.add_argument("--missing", metavar="JOB", help="what is to be recorded of it and isn't")
    args = parser.parse_args()
    one = args.name or args.job or args.settings is not None or args.bundled_model
    if args.missing and (one or args.again):
        parser.error("--missing does what its job lists; nothing else can go with it")
    if args.again and one:
        parser.error("--again does all recorded jobs as they were; nothing else can go with it")
    if args.missing:
        record_missing(args.missing)
    elif args.again:
        for name in names():
            old = load(name)
            record(name, old["job"], old["settings"], old["model"] is not None)
    elif args.name and args.job and re.fullmatch("[a-z0-9_]+", args.name):
        record(args.name, args.job, args.settings or {}, args.bundled_model)
    else:
        parser.error("give a NAME (a-z, 0-9, _) and a --job, or --again")
    return 0


def _settings(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no JSON object")
    return value


if __name__ == "__main__":
    sys.exit(run_command(main))
