"""The process that does one job: python -m gpt_core.jobs

Reads one line of JSON from standard input, {"job", "run" (a folder, or null), "settings"}, and
writes one line for every step, {"done", "total", "value"}, or {"error"} and ends. It also ends
when its standard input does: whoever asked for it is gone.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from corpus.command_line import Parser
from gpt_core.jobs import JobError, find_job
from gpt_core.training.run import Run
from gpt_core.training.train_run import flush_subnormals, lower_priority


def _write(line: dict[str, Any]) -> None:
    print(json.dumps(line, allow_nan=False), flush=True)


def _end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(1)


def main() -> None:
    """Do what the first line asks for."""
    Parser(prog="python -m gpt_core.jobs", description=__doc__).parse_args()  # there are no options
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    lower_priority()
    try:
        run = Run.open(Path(request["run"])) if request["run"] else None
        for progress in find_job(request["job"])(run, request["settings"]):
            _write({"done": progress.done, "total": progress.total, "value": progress.value})
    except ValueError as error:  # JobError, RunError and their like: made for people to read
        if not isinstance(error, JobError):
            traceback.print_exc()
        _write({"error": str(error)})
    sys.stdout.flush()
    os._exit(0)  # the thread that waits for standard input holds nothing that needs an end


if __name__ == "__main__":
    flush_subnormals()
    main()
