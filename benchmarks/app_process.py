"""The real app in a process of its own, for benchmarks and browser tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BROWSER = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
BROWSER_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start_app(
    runs: Path,
    log: Path,
    script: Path = PROJECT / "app.py",
    below: str = "",
    port: int = 0,
    **environment: str,
) -> tuple[subprocess.Popen[bytes], str]:
    """Start the app on a port, else a free one, and wait until it answers; (process, address).

    runs: the folder that it keeps runs in. script: another page instead of the app. below: a path
    that the app is to be served below: "/class". Raises RuntimeError with the app's last words when
    it does not answer within a minute.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    command += ["--server.headless", "true", "--server.baseUrlPath", below]
    with log.open("wb") as output:
        app = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=os.environ | {"GPT_RUNS": str(runs)} | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}{below}"
    deadline = time.monotonic() + 60
    while app.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return app, url
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    app.kill()
    raise RuntimeError(f"The app did not start:\n{log.read_text(errors='replace')[-3000:]}")


def processor_seconds(pid: int) -> float:
    """Processor time that a running process of this machine has used so far, without children."""
    return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3) on Linux


def stop_app(app: subprocess.Popen[bytes]) -> None:
    """End it politely, or at once when it does not listen."""
    app.terminate()
    try:
        app.wait(timeout=15)
    except subprocess.TimeoutExpired:
        app.kill()
        app.wait()
