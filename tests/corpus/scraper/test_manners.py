"""robots.txt, the pace, the cache, and that nothing but the allowed host is ever asked."""

import itertools
from dataclasses import replace

import pytest

from corpus.scraper.fetcher import AGENT, Fetcher, FetchError
from corpus.scraper.scrape import Scrape
from corpus.scraper.site import ScrapeError, Site, check_slug
from tests.transcript_site import QUICK

SHOW = {"s01e01": "Hi.", "s01e02": "You."}


def test_robots_that_forbids(fake, scrape):
    fake.show(SHOW)
    fake.pages["/robots.txt"] = "User-agent: *\nDisallow: /"
    with pytest.raises(ScrapeError, match=r"robots.txt forbids it\. Try"):
        scrape()
    assert set(fake.count()) == {"/robots.txt"}


def test_robots_that_forbids_one_episode_for_us(fake, scrape):
    fake.show(SHOW)
    fake.pages["/robots.txt"] = f"User-agent: {AGENT}\nDisallow: /*episode=s01e01\n"
    job = scrape()
    assert job.report.problems == [("s01e01", "failed", "robots.txt forbids it")]
    assert job.report.counts["fetched"] == 1
    assert fake.count()["s01e01"] == 0


def test_robots_counts_for_redirects_too(fake, scrape):
    fake.show({"s01e01": (302, {"Location": "/secret/"}, "")})
    fake.pages["/robots.txt"] = "User-agent: *\nDisallow: /secret/\n"
    assert scrape().report.problems == [("s01e01", "failed", "robots.txt forbids it")]
    assert fake.count()["/secret/"] == 0


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_no_robots_allows_all(fake, scrape, status):
    fake.show(SHOW)
    fake.pages["/robots.txt"] = (status, {}, "User-agent: *\nDisallow: /")
    assert scrape().report.counts == {"fetched": 2}


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, ""),
        (503, {}, ""),
        (429, {}, ""),
        (302, {"Location": "http://example.invalid/robots.txt"}, ""),
        (200, {}, b"# endless\n" * 30_000),
    ],
)
def test_robots_that_cannot_be_read_forbids_all(fake, scrape, answer):
    fake.show(SHOW)
    fake.pages["/robots.txt"] = answer
    with pytest.raises(ScrapeError, match=r"robots.txt can't be read.*Try again later"):
        scrape()
    assert set(fake.count()) == {"/robots.txt"}


def test_requests_are_a_pace_apart_with_jitter(fake, scrape):
    fake.show({f"s01e0{i}": "Hi." for i in range(1, 5)})
    scrape(manners=replace(QUICK, pace=0.1, jitter=0.1))
    times = [when for when, _, _ in fake.asked]
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert min(gaps) >= 0.1
    assert max(gaps) - min(gaps) > 0.001


def test_the_pace_counts_between_tries_too(fake, scrape):
    fake.show({"s01e01": (503, {}, "")})
    scrape(manners=replace(QUICK, pace=0.1))
    times = [when for when, _, _ in fake.asked]
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.1


@pytest.mark.parametrize("rule", ["Crawl-delay: 0.2", "Request-rate: 5/1s"])
def test_a_slower_pace_is_obeyed(fake, scrape, rule):
    fake.show(SHOW)
    fake.pages["/robots.txt"] = f"User-agent: *\n{rule}\n"
    scrape()
    times = [when for when, _, _ in fake.asked]
    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.2


@pytest.mark.parametrize("delay", ["1000000", "inf", "nan", "-3", "x"])
def test_an_odd_crawl_delay_is_survived(fake, scrape, delay):
    fake.show(SHOW)
    fake.pages["/robots.txt"] = f"User-agent: *\nCrawl-delay: {delay}\n"
    job = scrape()
    assert job.report.ended or job.report.counts == {"fetched": 2}


def test_the_user_agent_says_who_asks_and_why(fake, scrape):
    fake.show(SHOW)
    scrape()
    for _, _, headers in fake.asked:
        assert headers["User-Agent"].startswith(AGENT)
        assert "study" in headers["User-Agent"]


def test_the_list_is_revalidated_and_not_loaded_again(fake, scrape):
    fake.show(SHOW)
    path = "/episode_scripts.php?tv-show=modern-family"
    page = fake.pages[path]

    def answer(handler):
        if handler.headers.get("If-None-Match") == '"v1"':
            return 304, {"ETag": '"v1"'}, ""
        return 200, {"ETag": '"v1"'}, page

    fake.pages[path] = answer
    assert scrape().archive.entry(fake.site.show("modern-family")).outcome == "fetched"
    job = scrape()
    entry = job.archive.entry(fake.site.show("modern-family"))
    assert (entry.outcome, entry.etag) == ("cached", '"v1"')
    assert job.report.counts == {"cached": 2}
    assert fake.count()["s01e01"] == 1


def test_a_stale_page_is_revalidated(fake, tmp_path):
    fake.pages["/a"] = lambda h: (
        (304, {}, "") if h.headers.get("If-None-Match") else (200, {"ETag": "x"}, "<p>")
    )
    fetcher = Fetcher(fake.site, tmp_path / "cache.sqlite", replace(QUICK, fresh_seconds=0.01))
    pages = [fetcher.get(f"{fake.origin}/a") for _ in range(2)]
    fetcher.close()
    assert [page.cached for page in pages] == [False, True]
    assert pages[0].body == pages[1].body == b"<p>"
    assert fake.count()["/a"] == 2


@pytest.mark.parametrize("body", ["compact", "damaged"])
def test_the_cache_spares_requests_and_a_damaged_one_is_made_anew(fake, scrape, body):
    fake.show(SHOW)
    job = scrape()
    for path in (job.archive.folder / "episodes").iterdir():
        path.unlink()
    if body == "damaged":
        job.archive.cache.write_bytes(b"no database" * 100)
    job = scrape()
    cached = body == "compact"
    assert job.report.counts == {"cached" if cached else "fetched": 2}
    assert fake.count()["s01e01"] == (1 if cached else 2)
    assert job.archive.corpus.read_text() == "Hi.\n\n\nYou.\n"


def test_the_cache_holds_no_pickles(fake, scrape):
    fake.show(SHOW)
    assert b'"status_code"' in scrape().archive.cache.read_bytes()


def test_private_addresses_are_refused(fake, tmp_path):
    """The host's name is resolved and judged by requests-hardened, whatever it is called."""
    site = Site(f"http://localhost:{fake.server_port}")
    fetcher = Fetcher(site, tmp_path / "cache.sqlite", QUICK)
    with pytest.raises(FetchError, match="robots.txt can't be read"):
        fetcher.get(f"{site.origin}/")
    fetcher.close()
    assert fake.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:{port}/",
        "http://127.0.0.1/",
        "http://127.0.0.1:{port}@example.invalid/",
        "http://127.0.0.1:{port}.example.invalid/",
        "file:///etc/passwd",
        "ftp://127.0.0.1:{port}/",
        "",
    ],
)
def test_no_other_address_is_asked(fake, tmp_path, address):
    fetcher = Fetcher(fake.site, tmp_path / "cache.sqlite", QUICK)
    with pytest.raises(FetchError):
        fetcher.get(address.format(port=fake.server_port))
    fetcher.close()
    assert set(fake.count()) <= {"/robots.txt"}


def test_the_environments_proxy_is_not_used(fake, scrape, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    fake.show(SHOW)
    assert scrape().report.counts == {"fetched": 2}


@pytest.mark.parametrize("slug", ["modern-family", "stranger-things-2016", " Modern-Family ", "24"])
def test_names_of_shows(slug):
    assert check_slug(slug) == slug.strip().lower()


@pytest.mark.parametrize(
    "slug",
    [
        *("", "..", "a/b", "../etc", "a\\b", "http://example.com", "a b", "a&b=c", "a%2fb", "-a"),
        *("a--b", "é", "a\nb", "a.txt", "x" * 200, "modern-family?", "a#b", "\x00", "a\u2044b"),
    ],
)
def test_what_is_no_name_of_a_show(slug, tmp_path):
    with pytest.raises(ScrapeError, match="for example modern-family"):
        Scrape(slug, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_real_site_is_https_and_not_loopback():
    assert Site().origin.startswith("https://")
    assert not Site().loopback
