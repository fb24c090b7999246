"""The process that does one job: python -m gpt_core.jobs

Reads one line of JSON from standard input, {"job", "run" (a folder, or null), "settings"}, and
writes one line for every step, {"done", "total", "value"}. What is in the way of it, it says as all
commands do. It also ends when its standard input does: whoever asked for it is gone.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

from corpus.command_line import Parser, listen
from gpt_core.jobs import JobError, find_job
from gpt_core.training.run import Run
from gpt_core.training.train_run import flush_subnormals, lower_priority


def main() -> int:
    """Do what the first line asks for."""
    Parser(prog="python -m gpt_core.jobs", description=__doc__).parse_args()  # there are no options
    request = json.loads(sys.stdin.readline())
    listen(lambda line: None if line else os._exit(1))
    lower_priority()
    try:
        run = Run.open(Path(request["run"])) if request["run"] else None
        for progress in find_job(request["job"])(run, request["settings"]):
            print(json.dumps(vars(progress), allow_nan=False), flush=True)
    except ValueError as error:  # JobError, RunError and their like: made for people to read
        if not isinstance(error, JobError):
            traceback.print_exc()
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 2
    return 0


if __name__ == "__main__":
    flush_subnormals()
    code = main()
    sys.stdout.flush()
    os._exit(code)  # nothing here needs an end, which takes PyTorch a while
