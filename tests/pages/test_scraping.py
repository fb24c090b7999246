"""The lesson "Scrape a show", against a site on this machine."""

from dataclasses import replace

import pytest

from corpus.scraper.transcript import stages
from pages.scrape import words
from tests.helpers import wait_for
from tests.transcript_site import QUICK, FakeSite
from ui.services.scraping import ScrapingService, scraping_service

EPISODE = "Kids, breakfast!<br> CafÃ©\x1f is open. - Coming!<br> I went to<br> the store.<br> " * 30


@pytest.fixture
def fake():
    with FakeSite() as server:
        yield server


@pytest.fixture
def service(fake, tmp_path):
    """The app's service, but of the test's site."""
    service = ScrapingService(tmp_path / "scraped", fake.site, QUICK)
    with scraping_service.replaced(service):
        yield service


def scrape(app, show="modern-family", season=0, limit=10):
    app.checkbox(key="own_study").check().run()
    app.text_input(key="scrape_show").set_value(show)
    app.number_input(key="scrape_season").set_value(season)
    app.number_input(key="scrape_limit").set_value(limit)
    next(b for b in app.button if b.label == "Scrape").click().run()
    assert not app.exception
    return app


def finished(app, service):
    (job,) = service._jobs.values()
    job.thread.join(10)
    app.run()
    assert not app.exception
    return app


def shown(app):
    """The texts that are shown as they are."""
    return "\n".join(block.value for block in app.code)


def test_scrape_look_and_use(open_lesson, service, fake):
    fake.show({"s01e01": EPISODE, "s01e02": (404, {}, ""), "s01e03": "", "s01e04": EPISODE})
    app = finished(scrape(open_lesson("scrape")), service)
    counts = {m.label: m.value for m in app.metric if m.label in ("fetched", "missing", "empty")}
    assert counts == {"fetched": "2", "missing": "1", "empty": "1"}
    problems = app.dataframe[-1].value
    assert problems["episode"].tolist() == ["s01e02", "s01e03"]
    assert problems["why"].tolist()[0] == "status 404"
    app.button_group(key="cleaning_step").set_value("Control bytes").run()
    assert "Café\\x1f is open" in shown(app)
    app.button_group(key="cleaning_step").set_value("Speakers").run()
    assert "\n- Coming!" in shown(app)
    app.button(key="use_scraped").click().run()
    assert not app.exception
    assert "All lessons now use “modern-family, scraped”" in app.success[0].value


def test_a_made_up_page_is_cleaned_after_the_guess(open_lesson):
    app = open_lesson("scrape")
    assert words.PAGE.replace("\x07", "\\x07") in shown(app)
    assert "Whose sock is this?\n- Not mine." not in shown(app)
    app.radio(key="scrape_share").set_value(words.LESS).run()
    share = len(list(stages(words.PAGE))[-1].after) / len(words.PAGE)
    assert f"{100 * share:.0f}%" in app.success[0].value
    app.button_group(key="page_step").set_value("Speakers").run()
    assert not app.exception
    assert "Whose sock is this?\n- Not mine." in shown(app)


def test_every_step_finds_something_to_do_on_the_made_up_page():
    assert all(stage.before != stage.after for stage in stages(words.PAGE))


@pytest.mark.parametrize(
    ("guess", "after", "right"),
    [(words.LEAST, 20, True), (words.LESS, 20, False), (words.MOST, 90, True)],
)
def test_the_guess_is_judged_by_the_share(guess, after, right):
    answer = words.judged(guess, 100, after)
    assert answer.right is right and f"{after}%" in answer.why
    assert ("More than half" in answer.why) is (after < 50)


def test_it_says_that_scripts_belong_to_somebody(open_lesson, service):
    app = open_lesson("scrape")
    assert any("for your own study" in warning.value for warning in app.warning)
    assert not [b for b in app.button if b.label == "Scrape"]
    app.checkbox(key="own_study").check().run()
    assert [b for b in app.button if b.label == "Scrape"]


def test_progress_and_stop(open_lesson, service, fake):
    service._manners = replace(QUICK, pace=0.3)
    fake.show({f"s01e{i:02}": EPISODE for i in range(1, 40)})
    app = scrape(open_lesson("scrape"), limit=39)
    (job,) = service._jobs.values()
    wait_for(lambda: job.progress and job.progress.done)
    app.run()
    assert not app.exception
    (bar,) = [p for p in app.get("progress") if "episodes" in p.proto.text]
    assert " of 39 episodes · " in bar.proto.text
    assert " characters · " in bar.proto.text
    assert "left" in bar.proto.text
    app.button(key="stop_scrape").click().run()
    finished(app, service)
    assert any(i.value == "It was stopped; start it again to go on." for i in app.info)
    assert 0 < job.report.counts["fetched"] < 39


def test_a_scrape_of_an_earlier_id_is_the_one_of_the_id_that_it_was_handed_to(service, fake):
    service.start("proposed", "modern-family", None, 1)
    service.hand_over("proposed", "ann")
    assert service.job("proposed") is None
    service.stop("ann")
    service.job("ann").thread.join(10)
    assert not service.job("ann").active


@pytest.mark.parametrize("show", ["../../etc", "http://example.com/", "a b", ""])
def test_what_is_no_show_is_refused(open_lesson, service, fake, show):
    app = scrape(open_lesson("scrape"), show)
    assert "for example modern-family" in app.error[0].value
    assert fake.asked == []


def test_an_unknown_show_is_said_in_one_sentence(open_lesson, service, fake):
    app = finished(scrape(open_lesson("scrape"), "no-such-show"), service)
    assert app.error[0].value.startswith("The site lists no episodes of no-such-show")


def test_too_little_to_train_on(open_lesson, service, fake):
    fake.show({"s01e01": "Hi."})
    app = finished(scrape(open_lesson("scrape")), service)
    app.button(key="use_scraped").click().run()
    assert "too few to train on" in app.error[0].value
    assert not app.success and "chosen_corpus" not in app.session_state


def test_a_public_deployment_has_it_switched_off(open_lesson, service, fake, monkeypatch):
    monkeypatch.setenv("GPT_PUBLIC", "1")
    app = open_lesson("scrape")
    assert any("switched off" in info.value for info in app.info)
    assert not [b for b in app.button if b.label == "Scrape"]
    with pytest.raises(ValueError, match="switched off"):
        service.start("anybody", "modern-family", None, 1)


def test_visitors_have_scrapes_of_their_own_one_at_a_time(service, fake):
    service._manners = replace(QUICK, pace=0.1)
    fake.show({f"s01e{i:02}": "Hi." for i in range(1, 9)})
    service.start("one", "modern-family", None, 8)
    with pytest.raises(ValueError, match="Another scrape is going on"):
        service.start("two", "modern-family", None, 8)
    service.stop("two")
    assert service.job("two") is None
    service.stop("one")
    service.job("one").thread.join(5)
    service.start("two", "modern-family", None, 1)
    service.job("two").thread.join(5)
    assert service.job("two").report.listed == 1
    assert service.job("one").report.ended


def test_a_long_text_is_cut_between_episodes(service, fake, monkeypatch):
    monkeypatch.setattr("ui.services.scraping.MAX_BYTES", 3000)
    fake.show({f"s01e{i:02}": f"Déjà vu {i}. " * 100 for i in range(1, 5)})
    service.start("one", "modern-family", None, None)
    job = service.job("one")
    job.thread.join(5)
    chosen = job.text()
    assert chosen.name == "modern-family, scraped, its beginning"
    assert len(chosen.text.encode()) <= 3000
    assert chosen.text.endswith("vu 1.\n") or chosen.text.endswith("vu 2.\n")


def test_the_steps_of_an_episode_are_worked_out_once(service, fake):
    fake.show({"s01e01": EPISODE, "s01e02": "Hi."})
    service.start("one", "modern-family", None, None)
    service.job("one").thread.join(5)
    first = service.stages("modern-family", "s01e01")
    assert service.stages("modern-family", "s01e01") is first
    assert service.stages("modern-family", "s01e02")[-1].after == "Hi.\n"
    assert service.stages("modern-family", "s01e03") == []
