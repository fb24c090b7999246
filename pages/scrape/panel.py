"""Fetch a show: a form, the progress, the report, and every cleaning step on show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from corpus.cleaning import visible
from corpus.scraper.site import COPYRIGHT, ScrapeError, Site
from pages.scrape import words
from ui.app import widgets
from ui.app.chosen_text import choose_corpus, chosen_corpus
from ui.app.client import may_scrape
from ui.app.glossary import prose
from ui.app.links import page_of
from ui.app.visitor import visitor_id
from ui.app.watch import progress, watch
from ui.services.scraping import Job, scraping_service
from ui.show.duration import duration
from ui.show.names import as_text, plain, sentence, show_error
from ui.show.tables import show_frame

if TYPE_CHECKING:
    from corpus.scraper.scrape import Progress, Report
    from corpus.scraper.transcript import Stage

TICK = 1.0  # seconds between two looks at a scrape that goes on
MOST_EPISODES = 500
SHOWN = 700  # characters of a step's text, around the first place that it changed
_MEANINGS = {
    "fetched": "downloaded now",
    "cached": "already here",
    "empty": "a page with no words",
    "missing": "not on the site",
    "failed": "start again to retry",
}


def scrape_a_show() -> None:
    """The form and what came of it, or why it isn't here."""
    if not may_scrape():
        st.info(words.SWITCHED_OFF, icon=":material/cloud_off:")
        return
    prose(words.manners(Site()))
    st.warning(COPYRIGHT, icon=":material/copyright:")
    if st.checkbox(words.TICK, key="own_study", persist_state="session"):
        _form()
    if (job := scraping_service().job(visitor_id())) is not None:
        watch(lambda: job, _panel, TICK)


def _form() -> None:
    with st.form("scrape", border=False):
        name, one, two = st.columns([2, 1, 1])
        show = widgets.text_input(
            words.SHOW, "modern-family", key="scrape_show", max_chars=80, container=name
        )
        season = widgets.number_input(
            "Season (0 for all)", 0, 999, 1, key="scrape_season", container=one
        )
        limit = widgets.number_input(
            "Episodes at most", 1, MOST_EPISODES, 5, key="scrape_limit", container=two
        )
        if st.form_submit_button("Scrape", type="primary", icon=":material/download:"):
            try:
                scraping_service().start(visitor_id(), show or "", int(season) or None, int(limit))
            except ScrapeError as error:
                show_error(error)


def _panel(job: Job) -> None:
    if job.active or job.progress:
        _progress(job)
    if job.error:
        show_error(job.error)
    elif not job.active:
        _report(job.report)
        if job.report.characters:
            _use(job)
            _cleaning(job)


def _progress(job: Job) -> None:
    now, stop = job.progress, scraping_service().stop if job.active else None
    text = progress_text(now, job) if now else "reading robots.txt and the list of episodes …"
    done, total = (now.done, now.total) if now else (0, 0)
    progress(done, total, text, stop=stop, args=(visitor_id(),), key="stop_scrape")


def progress_text(now: Progress, job: Job) -> str:
    """How far it is, how much it has, how long it took, and how long it will take."""
    parts = [
        f"{now.done:,} of {now.total:,} episodes",
        f"{now.characters:,} characters",
        duration(now.elapsed),
    ]
    if job.stopping:
        parts.append("it stops after the page that is under way")
    elif job.active and now.left:
        parts.append(f"about {duration(now.left)} left")
    return " · ".join(parts)


def _report(report: Report) -> None:
    st.markdown(
        f"**{as_text(report.show)}:** {report.sentence()} It took {duration(report.seconds)}."
    )
    for column, name in zip(st.columns(len(_MEANINGS)), _MEANINGS, strict=True):
        column.metric(name, report.counts[name], help=_MEANINGS[name])
    if report.ended:
        st.info(sentence(report.ended), icon=":material/info:")
    if report.problems:
        rows = [
            dict(zip(("episode", "outcome", "why"), map(plain, problem), strict=True))
            for problem in report.problems
        ]
        show_frame(rows, "scrape_problems", "Episodes with a problem")


def _use(job: Job) -> None:
    if st.button("Use this as my text", type="primary", key="use_scraped"):
        try:
            choose_corpus(job.text())
        except ScrapeError as error:
            show_error(error)
            return
        st.success(words.in_use(chosen_corpus().name), icon=":material/check_circle:")
        st.page_link(page_of("data"), label="Data: what is in it", icon=":material/library_books:")


def _cleaning(job: Job) -> None:
    """What each step did to an episode."""
    st.subheader("From a page to a text, step by step")
    names = {episode.key: plain(f"{episode.key} {episode.title}") for episode in job.report.texts}
    episode = st.selectbox(
        "Episode", list(names), format_func=names.__getitem__, key="scraped_episode"
    )
    stages = scraping_service().stages(job.report.show, episode) if episode else []
    if stages:
        show_steps(stages, "cleaning_step")
    else:
        st.caption(words.PAGE_GONE)


def show_steps(stages: Sequence[Stage], key: str) -> None:
    """A list of all steps, and the text before and after the chosen one. key: of the list."""
    changed = [s.step.name for s in stages if s.before != s.after]
    name = widgets.pills("Step", [s.step.name for s in stages], changed[0], key=key)
    stage = next(s for s in stages if s.step.name == name)
    st.markdown(stage.step.why)
    if stage.before == stage.after:
        st.caption(words.NOTHING_TO_DO)
    texts = zip(("Before", "After"), (stage.before, stage.after), excerpts(stage), strict=True)
    for column, (when, text, excerpt) in zip(st.columns(2), texts, strict=True):
        column.caption(f"{when}: {len(text):,} characters")
        column.code(excerpt, language=None, wrap_lines=True, height=300)


def excerpts(stage: Stage, width: int = SHOWN) -> tuple[str, str]:
    """Both texts from a little before their first difference; what doesn't print is escaped."""
    pairs = enumerate(zip(stage.before, stage.after, strict=False))
    shorter = min(len(stage.before), len(stage.after))
    first = next((i for i, (a, b) in pairs if a != b), shorter)
    start = max(0, first - width // 4) if stage.before != stage.after else 0
    shown = (text[start : start + width].split("\n") for text in (stage.before, stage.after))
    before, after = ("\n".join(map(visible, lines)) for lines in shown)
    return before, after
