"""A real server misbehaves in every way we know of; the rest of the season comes all the same."""

import gzip
import json
import time
from dataclasses import replace

import pytest

from corpus.scraper.site import ScrapeError
from tests.transcript_site import QUICK, script_page

HI = "Hi.<br> Kids?"


def outcomes(job):
    return {
        entry.address.rsplit("=", 1)[1]: (entry.outcome, entry.reason)
        for entry in job.archive.entries()
        if "episode=" in entry.address
    }


def text_of(job, key):
    return (job.archive.folder / "episodes" / f"{key}.txt").read_text(encoding="utf-8")


def test_a_whole_show(fake, scrape):
    fake.show({"s01e01": HI, "s01e02": "Two.<br>", "s02e01": "Three."})
    job = scrape()
    assert text_of(job, "s01e01") == "Hi.\nKids?\n"
    assert job.archive.corpus.read_text() == "Hi.\nKids?\n\n\nTwo.\n\n\nThree.\n"
    assert job.report.counts == {"fetched": 3}
    assert job.report.problems == []
    assert job.report.ended is None
    assert [p.done for p in job.steps] == [0, 1, 2, 3]
    assert job.steps[-1].characters == len("Hi.\nKids?\nTwo.\nThree.\n")
    assert job.steps[-1].left == 0
    entries = [json.loads(line) for line in job.archive.manifest.read_text().splitlines()]
    assert len({e["address"] for e in entries}) == len(entries) == 5
    assert (entries[0]["address"], entries[0]["outcome"]) == (fake.site.robots, "missing")
    for entry in entries[1:]:
        assert entry["status"] == 200
        assert entry["final_address"] == entry["address"]
        assert len(entry["sha256"]) == 64
        assert entry["bytes"] > 100
        assert abs(entry["time"] - time.time()) < 60
        assert entry["parser_version"] >= 1
    assert entries[2]["charset"] == "utf-8"


def test_a_season_and_a_limit(fake, scrape):
    fake.show({"s01e01": HI, "s02e01": HI, "s02e02": HI})
    assert scrape(season=2, limit=1).report.counts == {"fetched": 1}
    assert fake.count()["s02e01"] == 1
    with pytest.raises(ScrapeError, match="no season 3: choose from 1, 2"):
        scrape(season=3)


def test_gaps_odd_numbers_and_missing_episodes_end_nothing(fake, scrape):
    fake.show({"s01e01": HI, "s01e04": (404, {}, "gone"), "s03e90": HI, "s03e91": HI})
    job = scrape()
    assert job.report.counts == {"fetched": 3, "missing": 1}
    assert job.report.problems == [("s01e04", "missing", "status 404")]


def test_a_soft_404(fake, scrape):
    fake.show({"s01e01": "<html><body>Not found, sorry</body></html>", "s01e02": HI})
    assert scrape().report.counts == {"missing": 1, "fetched": 1}


def test_an_episode_that_leads_to_the_front_page_is_missing(fake, scrape):
    fake.show({"s01e01": (302, {"Location": "/"}, ""), "s01e02": HI})
    fake.pages["/"] = script_page("The script of the day.")
    job = scrape()
    assert outcomes(job)["s01e01"] == ("missing", "the site shows another page instead")


@pytest.mark.parametrize("inside", ["", " <br> <br/>", "<script>var x = 'words';</script>"])
def test_an_empty_container(fake, scrape, inside):
    fake.show({"s01e01": inside, "s01e02": HI})
    job = scrape()
    assert job.report.counts == {"empty": 1, "fetched": 1}
    assert not (job.archive.folder / "episodes" / "s01e01.txt").exists()


def test_ads_mojibake_control_bytes_and_legacy_markup(fake, scrape):
    body = script_page(
        '1\t[ Doorbell rings ]<br> CafÃ© is open.<script>ads()</script><div class="ad-box">Buy '
        "now</div> - I donâ€™t\x1f know[br]\r\nPhil\x00.<ins>Advert</ins>"
    )
    fake.show({"s01e01": (200, {}, body.encode())})
    assert text_of(scrape(), "s01e01") == (
        "[ Doorbell rings ]\nCafé is open.\n- I don’t know Phil.\n"
    )


def test_other_charsets(fake, scrape):
    page = script_page("Où est l'élève? À la fenêtre. Déçu!")
    fake.show(
        {
            "s01e01": (200, {}, page.encode("cp1252")),
            "s01e02": (200, {"Content-Type": "text/html; charset=latin-1"}, page.encode("latin-1")),
            "s01e03": (200, {"Content-Type": "text/html; charset=nonsense"}, page.encode()),
        }
    )
    job = scrape()
    for key in ("s01e01", "s01e02", "s01e03"):
        assert text_of(job, key).startswith("Où est l'élève?")


def test_503_with_retry_after_is_waited_for(fake, scrape):
    answers = [(503, {"Retry-After": "1"}, ""), script_page(HI)]
    fake.show({"s01e01": lambda _: answers.pop(0)})
    assert scrape().report.counts == {"fetched": 1}
    first, second = [when for when, path, _ in fake.asked if "s01e01" in path]
    assert second - first >= 1.0


@pytest.mark.parametrize("wish", ["soon", "-5", "9" * 5000, "Thu, 99 Foo 2000"])
def test_a_retry_after_that_makes_no_sense_does_no_harm(fake, scrape, wish):
    answers = [(503, {"Retry-After": wish}, ""), script_page(HI)]
    fake.show({"s01e01": lambda _: answers.pop(0)})
    assert scrape().report.counts == {"fetched": 1}


def test_a_site_that_wants_a_long_rest_is_left_alone(fake, scrape):
    fake.show({"s01e01": HI, "s01e02": (503, {"Retry-After": "7200"}, ""), "s01e03": HI})
    job = scrape()
    assert job.report.ended == (
        "The site asks to be left alone for 120 minutes: start again then, what is here stays."
    )
    assert fake.count()["s01e03"] == 0
    assert job.archive.corpus.read_text() == "Hi.\nKids?\n"


def test_503_for_ever_fails_one_episode(fake, scrape):
    fake.show({"s01e01": (503, {}, ""), "s01e02": HI})
    job = scrape()
    assert job.report.problems == [("s01e01", "failed", "status 503")]
    assert fake.count()["s01e01"] == QUICK.tries
    assert job.report.counts["fetched"] == 1


def test_ten_failures_in_a_row_are_enough(fake, scrape):
    fake.show({f"s01e{i:02}": (500, {}, "") for i in range(1, 15)})
    job = scrape(manners=replace(QUICK, tries=1))
    assert job.report.counts == {"failed": 10}
    assert "later" in job.report.ended


def broken(handler, cut=300):
    page = script_page("A long script. " * 100).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(page)))
    handler.end_headers()
    handler.wfile.write(page[:cut])
    handler.wfile.flush()
    time.sleep(0.02)
    handler.reset()


def test_a_reset_mid_body_is_tried_again(fake, scrape):
    answers = [broken, broken, lambda _: script_page(HI)]
    fake.show({"s01e01": lambda handler: answers.pop(0)(handler)})
    job = scrape()
    assert job.report.counts == {"fetched": 1}
    assert text_of(job, "s01e01") == "Hi.\nKids?\n"


def test_a_reset_every_time_fails_and_keeps_nothing(fake, scrape):
    fake.show({"s01e01": broken, "s01e02": HI})
    job = scrape()
    assert outcomes(job)["s01e01"] == (
        "failed",
        "the page broke off in the middle, 3 times in a row",
    )
    assert [p.name for p in (job.archive.folder / "episodes").iterdir()] == ["s01e02.txt"]


def test_a_page_without_a_length_that_ends_inside_the_script_is_not_whole(fake, scrape):
    def cut(handler):
        page = script_page("A long script. " * 100)
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + page[:600].encode())

    fake.show({"s01e01": cut})
    job = scrape()
    assert outcomes(job)["s01e01"] == ("failed", "the page breaks off inside the script")
    fake.show({"s01e01": HI})
    assert scrape().report.counts == {"fetched": 1}  # not the half one from the cache


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_chunked_body(fake, scrape, coding):
    page = script_page("Words. " * 500).encode()
    body = gzip.compress(page) if coding else page

    def chunked(handler, whole=True):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.send_header("Content-Encoding", coding or "identity")
        handler.end_headers()
        half = len(body) // 2
        for piece in (body[:half], body[half:], b"") if whole else (body[:half],):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    answers = [lambda h: chunked(h, whole=False), chunked]
    fake.show({"s01e01": lambda handler: answers.pop(0)(handler)})
    job = scrape()
    assert job.report.counts == {"fetched": 1}
    assert text_of(job, "s01e01").count("Words.") == 500


def test_what_is_no_http_fails_one_episode(fake, scrape):
    def noise(handler):
        handler.wfile.write(b"\x00\xff" * 500)

    fake.show({"s01e01": noise, "s01e02": HI})
    assert scrape().report.counts == {"failed": 1, "fetched": 1}


def test_an_endless_body_is_cut(fake, scrape):
    def endless(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not handler.server.ending.is_set():
            handler.wfile.write(b"words " * 1000)

    fake.show({"s01e01": endless, "s01e02": HI})
    job = scrape()
    assert outcomes(job)["s01e01"] == ("failed", "it has more than 0.2 MB, too much for a page")
    assert fake.count()["s01e01"] == 1
    assert job.report.counts["fetched"] == 1


@pytest.mark.parametrize("size", [100, 10_000_000])
def test_the_limit_is_on_unpacked_bytes(fake, scrape, size):
    body = gzip.compress(script_page("a" * size).encode())
    assert len(body) < 20_000
    fake.show({"s01e01": (200, {"Content-Encoding": "gzip"}, body)})
    outcome, reason = outcomes(scrape())["s01e01"]
    assert (outcome, reason and "too much" in reason) == (
        ("fetched", None) if size == 100 else ("failed", True)
    )


@pytest.mark.parametrize("packed", ["br", "gzip"])
def test_what_cannot_be_unpacked(fake, scrape, packed):
    fake.show({"s01e01": (200, {"Content-Encoding": packed}, b"no gzip"), "s01e02": HI})
    assert scrape().report.counts == {"failed": 1, "fetched": 1}


def test_a_slow_body_is_given_up(fake, scrape):
    def slow(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        while not handler.server.ending.wait(0.05):
            handler.wfile.write(b"w")

    fake.show({"s01e01": slow, "s01e02": HI})
    started = time.monotonic()
    job = scrape()
    assert time.monotonic() - started < 2
    assert outcomes(job)["s01e01"] == ("failed", "it took more than 1 s to come")
    assert job.report.counts["fetched"] == 1


def test_a_silent_server_fails_in_time(fake, scrape):
    def silent(handler):
        handler.server.ending.wait(2)

    fake.show({"s01e01": silent, "s01e02": HI})
    job = scrape(manners=replace(QUICK, read_seconds=0.2, tries=2))
    assert outcomes(job)["s01e01"] == ("failed", "no answer in 0 s, 2 times in a row")
    assert job.report.counts["fetched"] == 1


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://localhost:{port}/",  # the same server by another name
        "http://127.0.0.1:1/",
        "https://127.0.0.1:{port}/",
        "http://user:word@127.0.0.1:{port}/",
        "//example.invalid/",
        "file:///etc/passwd",
        "http://[::1/",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_a_redirect_elsewhere_is_not_followed(fake, scrape, elsewhere):
    place = elsewhere.format(port=fake.server_port)
    fake.show({"s01e01": (302, {"Location": place}, ""), "s01e02": HI})
    job = scrape()
    assert outcomes(job)["s01e01"][0] == "failed"
    assert job.report.counts["fetched"] == 1
    assert "/" not in fake.count()


def test_a_redirect_within_the_site_is_followed(fake, scrape):
    fake.show({"s01e01": (301, {"Location": "/new?tv-show=modern-family&episode=s01e01"}, "")})
    fake.pages["/new?tv-show=modern-family&episode=s01e01"] = script_page(HI)
    job = scrape()
    assert job.report.counts == {"fetched": 1}
    entry = job.archive.entries()[-1]
    assert entry.final_address == f"{fake.origin}/new?tv-show=modern-family&episode=s01e01"


def test_a_redirect_in_circles(fake, scrape):
    here = "/view_episode_scripts.php?tv-show=modern-family&episode=s01e01"
    fake.show({"s01e01": (302, {"Location": here}, ""), "s01e02": HI})
    assert scrape().report.counts == {"failed": 1, "fetched": 1}


def test_no_such_show(fake, scrape):
    with pytest.raises(ScrapeError, match="lists no episodes of no-such-show"):
        scrape("no-such-show")


def test_a_show_that_cannot_be_listed(fake, scrape):
    fake.pages["/episode_scripts.php?tv-show=modern-family"] = (503, {}, "")
    with pytest.raises(ScrapeError, match="status 503. Try again later"):
        scrape()
