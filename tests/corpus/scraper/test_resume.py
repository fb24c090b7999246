"""Killed, stopped or interrupted, a scrape goes on where it was, and asks for nothing twice."""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.scraper import command
from corpus.scraper.archive import Archive
from corpus.scraper.scrape import Scrape, kept_stages
from corpus.scraper.site import ScrapeError
from tests.helpers import wait_for
from tests.transcript_site import QUICK, script_page

PROJECT = Path(__file__).resolve().parents[3]
EPISODES = {f"s01e{i:02}": f"Words of episode {i}." for i in range(1, 13)}
# A real process that uses the command line's own code, but the test's site.
PROGRAM = """
import argparse, sys
from corpus.scraper import command, scrape
from corpus.scraper.fetcher import Manners
from corpus.scraper.site import Site
origin, out, pace = sys.argv[1:]
scrape.Manners = lambda: Manners(pace=float(pace), jitter=0.0)
parser = argparse.ArgumentParser()
command.add_arguments(parser)
arguments = parser.parse_args(["modern-family", "--out", out])
sys.exit(command.run(arguments, Site(origin, loopback=True)))
"""


def start(fake, out, pace=0.1):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, fake.origin, str(out), str(pace)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def run_command(fake, tmp_path, monkeypatch):
    """run_command("modern-family") is the command line in this process: (exit code, folder)."""
    monkeypatch.setattr("corpus.scraper.scrape.Manners", lambda: QUICK)

    def run(show="modern-family"):
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        code = command.run(parser.parse_args([show, "--out", str(tmp_path)]), fake.site)
        return code, tmp_path / "modern-family"

    return run


def episodes_in(folder):
    return sorted(p.name for p in (folder / "modern-family" / "episodes").glob("s*.txt"))


def test_killed_half_way_only_what_is_missing_is_fetched(fake, scrape, tmp_path):
    fake.show(EPISODES)
    process = start(fake, tmp_path)
    wait_for(lambda: fake.count()["s01e06"])
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    before = len(episodes_in(tmp_path))
    assert 3 <= before < 12
    job = scrape()
    assert job.report.counts.total() == 12
    assert job.report.counts["cached"] >= before
    again = {key: n for key, n in fake.count().items() if key in EPISODES and n > 1}
    assert len(again) <= 1  # at most the one under way when it was killed
    assert sum(again.values()) <= 2
    expected = "\n\n\n".join(EPISODES.values()) + "\n"
    assert job.archive.corpus.read_text() == expected
    lines = [json.loads(line) for line in job.archive.manifest.read_text().splitlines()]
    assert len({line["address"] for line in lines}) == len(lines) == 14


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_with_a_report(fake, run_command, capsys, number):
    def last(handler):
        os.kill(os.getpid(), number)
        return script_page("Words.")

    fake.show(EPISODES | {"s01e03": last})
    code, folder = run_command()
    out, err = capsys.readouterr()
    assert code == 1
    assert "It was stopped; start it again to go on." in out
    assert "s01e02 fetched" in err
    done = len(list((folder / "episodes").iterdir()))
    assert 2 <= done <= 3
    assert f"12 episodes: {done} fetched, 0 cached, 0 empty, 0 missing, 0 failed." in out
    assert (folder / "corpus.txt").read_text().count("Words") == done


def test_the_command_to_its_end(fake, run_command, capsys):
    fake.show({"s01e01": "Hi.", "s01e02": (404, {}, "")})
    assert run_command()[0] == 0
    out, err = capsys.readouterr()
    assert "2 episodes: 1 fetched, 0 cached, 0 empty, 1 missing, 0 failed. 4 characters" in out
    assert "s01e02 missing: status 404" in out
    assert "for your own study" in err


def test_what_cannot_be_done_is_said_in_a_sentence(fake, run_command, capsys):
    assert run_command()[0] == 2
    assert (
        "The site lists no episodes of modern-family: look at the name" in capsys.readouterr().err
    )
    assert run_command("../x")[0] == 2
    assert "for example modern-family" in capsys.readouterr().err


def test_nothing_is_asked_twice(fake, scrape):
    fake.show(EPISODES | {"s02e01": (404, {}, ""), "s02e02": ""})
    scrape()
    job = scrape()
    assert job.report.counts == {"cached": 12, "missing": 1, "empty": 1}
    assert [key for key, _, _ in job.report.problems] == ["s02e01", "s02e02"]
    assert fake.count()["s01e01"] == fake.count()["s02e01"] == fake.count()["s02e02"] == 1


def test_what_failed_is_asked_again(fake, scrape):
    fake.show({"s01e01": (500, {}, "")})
    assert scrape().report.counts == {"failed": 1}
    fake.show({"s01e01": "Hi."})
    assert scrape().report.counts == {"fetched": 1}


@pytest.mark.parametrize("damage", ["half", "changed", "gone"])
def test_a_damaged_text_is_made_anew(fake, scrape, damage):
    fake.show({f"s01e{i:02}": f"Words of episode {i}." for i in (4, 5)})
    path = scrape().archive.folder / "episodes" / "s01e05.txt"
    whole = path.read_text()
    if damage == "gone":
        path.unlink()
    else:
        path.write_text(whole[:7] if damage == "half" else whole.upper())
    job = scrape()
    assert path.read_text() == whole
    assert whole in job.archive.corpus.read_text()
    assert fake.count()["s01e05"] == 1  # from the cache of pages


def test_a_half_written_line_of_the_manifest_is_no_line(fake, scrape):
    fake.show({"s01e01": "Hi.", "s01e02": "You."})
    manifest = scrape().archive.manifest
    data = manifest.read_bytes()
    for cut in (1, 40, len(data) // 2, len(data) - 2):
        manifest.write_bytes(data[:cut])
        job = scrape()
        assert job.report.counts == {"cached": 2}
        assert len(job.archive.manifest.read_text().splitlines()) == 4
    for nonsense in (b"[]\n", b"null\n", b"{}\n", b"\xff\xfe\n", b'{"address": []}\n'):
        manifest.write_bytes(nonsense + data)
        assert scrape().report.counts == {"cached": 2}


def test_leftovers_of_a_killed_process_are_removed_and_never_read(fake, scrape, tmp_path):
    episodes = tmp_path / "modern-family" / "episodes"
    episodes.mkdir(parents=True)
    (episodes / ".abc.tmp").write_text("half of")
    (episodes / "s01e01.txt").write_text("not in the manif")
    fake.show({"s01e01": "Hi."})
    assert scrape().report.counts == {"fetched": 1}
    assert [p.name for p in episodes.iterdir()] == ["s01e01.txt"]


def test_it_stops_while_it_waits(fake, tmp_path):
    fake.show(EPISODES)
    job = Scrape("modern-family", tmp_path, site=fake.site, manners=replace(QUICK, pace=0.05))
    threading.Timer(0.4, job.stop.set).start()
    fake.pages["/view_episode_scripts.php?tv-show=modern-family&episode=s01e03"] = (
        503,
        {"Retry-After": "4"},
        "",
    )
    started = time.monotonic()
    list(job)
    assert time.monotonic() - started < 2
    assert job.report.ended == "It was stopped; start it again to go on."
    assert job.report.counts == {"fetched": 2}
    assert job.archive.corpus.read_text().count("Words") == 2


def test_two_at_a_time_are_refused(fake, tmp_path, scrape):
    fake.show(EPISODES)
    first = iter(Scrape("modern-family", tmp_path, site=fake.site, manners=QUICK))
    next(first)
    with pytest.raises(ScrapeError, match="Another scrape is going on here"):
        scrape()
    first.close()
    assert scrape().report.counts.total() == 12


def test_a_folder_that_cannot_be_written_to(fake, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ScrapeError, match="can't be written to .*: choose another"):
        list(Scrape("modern-family", tmp_path / "file", site=fake.site, manners=QUICK))


def test_a_new_parser_reads_the_kept_pages_again(fake, scrape, monkeypatch):
    fake.show({"s01e01": "Hi."})
    manifest = scrape().archive.manifest
    manifest.write_text(manifest.read_text().replace('"parser_version": 1', '"parser_version": 0'))
    assert scrape().report.counts == {"cached": 1}
    assert '"parser_version": 0' not in manifest.read_text()
    assert fake.count()["s01e01"] == 1


def test_the_steps_of_a_kept_page(fake, scrape, tmp_path):
    fake.show({"s01e01": "CafÃ©.<br>"})
    scrape()
    asked = len(fake.asked)
    found = kept_stages(Archive(tmp_path, "modern-family"), "s01e01", fake.site)
    assert found[0].before == "CafÃ©.<br>"
    assert found[-1].after == "Café.\n"
    assert kept_stages(Archive(tmp_path, "modern-family"), "s01e09", fake.site) == []
    assert kept_stages(Archive(tmp_path, "other"), "s01e01", fake.site) == []
    assert len(fake.asked) == asked
