"""The real app in a real browser: what all browser tests share."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
BROWSER = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
BROWSER_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start_app(runs: Path, log: Path, **environment: str) -> tuple[subprocess.Popen, str]:
    """Start the app on a free port of this machine and wait until it answers."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(PROJECT / "app.py")]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    command += ["--server.headless", "true"]
    with log.open("wb") as output:
        app = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=os.environ | {"GPT_RUNS": str(runs)} | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if app.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return app, url
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    app.kill()
    raise RuntimeError(f"The app did not start:\n{log.read_text(errors='replace')[-3000:]}")


def stop_app(app: subprocess.Popen) -> None:
    app.terminate()
    try:
        app.wait(timeout=15)
    except subprocess.TimeoutExpired:
        app.kill()
        app.wait()


@pytest.fixture(scope="session")
def runs_folder(tmp_path_factory) -> Path:
    """Where the app under test keeps its runs; put a run there and open it with ?model=."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def app_url(runs_folder, tmp_path_factory):
    """The address of an app that lives as long as the tests."""
    app, url = start_app(runs_folder, tmp_path_factory.mktemp("app") / "app.log")
    yield url
    stop_app(app)


@pytest.fixture(scope="session")
def browser():
    """Chromium. Missing on a developer's machine, its tests are skipped; in CI they fail."""
    reason = ""
    if not Path(BROWSER).is_file():
        reason = f"There is no browser at {BROWSER}; set CHROMIUM to the path of a Chromium."
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        reason = "Playwright is missing: pip install -r requirements-dev.txt"
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=BROWSER_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(browser):
    """Open pages with options of one's own: new_page(color_scheme="dark", viewport={…})."""
    contexts, errors = [], []

    def open_page(**options):
        options.setdefault("viewport", {"width": 1440, "height": 900})
        context = browser.new_context(**options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_page
    try:
        for context in contexts:
            for page in context.pages:
                no_exception(page)
        assert not errors, f"JavaScript failed: {errors}"
    finally:
        for context in contexts:
            context.close()


@pytest.fixture
def page(new_page):
    """A fresh page of a fresh browser profile, 1440 × 900, light theme."""
    return new_page()


def no_exception(page) -> None:
    """Fail if the page shows an exception. Checked by itself after every browser test."""
    boxes = page.locator('[data-testid="stException"]')
    assert boxes.count() == 0, f"The page shows an exception: {boxes.first.inner_text()}"


def settled(page) -> None:
    """Wait until the app has answered and is idle."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
