"""The command line of the scraper: python -m corpus scrape modern-family."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from shlex import quote

from tqdm import tqdm

from corpus.command_line import on_request_to_end, positive
from corpus.scraper.scrape import Report, Scrape
from corpus.scraper.site import COPYRIGHT, ScrapeError, Site

SUMMARY = "fetch and clean the transcripts of a show"
DESCRIPTION = (
    f"Fetch the transcripts of a show from {Site().origin}, at most a page a second and as its "
    "robots.txt allows, clean them, and write a text for each episode, one joined corpus and a "
    f"manifest. Ctrl-C stops; the same command again goes on where it stopped. {COPYRIGHT}"
)
SHOWN = 12  # problems printed at the end; the manifest has them all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.description = DESCRIPTION
    parser.add_argument("show", help="its name in the site's addresses, e.g. modern-family")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs") / "scraped",
        metavar="DIR",
        help="where the show's folder is made (default: runs/scraped)",
    )
    parser.add_argument("--season", type=positive, metavar="N", help="this season only")
    parser.add_argument("--limit", type=positive, metavar="N", help="the first N episodes only")


def run(args: argparse.Namespace, site: Site | None = None) -> int:
    """Scrape. 0 if all went well, 1 if it ended early or an episode failed, 2 for a mistake."""
    try:
        scrape = Scrape(args.show, args.out, season=args.season, limit=args.limit, site=site)
        print(COPYRIGHT, file=sys.stderr)
        with on_request_to_end(_stopping(scrape.stop)):
            _show_progress(scrape)
    except ScrapeError as error:
        print(error, file=sys.stderr)
        return 2
    _print_report(scrape.report, scrape.archive.corpus)
    return 1 if scrape.report.ended or scrape.report.counts["failed"] else 0


def _show_progress(scrape: Scrape) -> None:
    with tqdm(unit="episode", bar_format="{l_bar}{bar}| {n}/{total} {postfix}") as bar:
        for progress in scrape:
            bar.total, bar.n = progress.total, progress.done
            left = f"{progress.left / 60:.1f} min left" if progress.left is not None else ""
            bar.set_postfix_str(
                f"{progress.episode} {progress.outcome}, {progress.characters:,} characters, "
                f"{progress.elapsed:.0f} s, {left}"
                if progress.episode
                else left
            )
            bar.refresh()


def _print_report(report: Report, corpus: Path) -> None:
    print(report.sentence())
    for episode, outcome, reason in report.problems[:SHOWN]:
        print(f"  {episode} {outcome}: {reason}")
    if len(report.problems) > SHOWN:
        print(f"  … and {len(report.problems) - SHOWN} more, all in manifest.jsonl")
    if report.ended:
        print(report.ended)
    if report.characters:
        print(f"Train on it: python -m gpt_core train --text {quote(str(corpus))}")


def _stopping(stop: threading.Event) -> Callable[[int], None]:
    """Stop after the request under way; a second Ctrl-C ends it at once."""

    def hear(number: int) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    return hear
