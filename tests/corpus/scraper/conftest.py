"""A transcript site on this machine for each test, and a scrape of it."""

import pytest

from corpus.scraper.scrape import Scrape
from tests.transcript_site import QUICK, FakeSite


@pytest.fixture
def fake():
    with FakeSite() as server:
        yield server


@pytest.fixture
def scrape(fake, tmp_path):
    """scrape() does it all and returns the finished Scrape."""

    def scrape_(slug="modern-family", manners=QUICK, **options):
        job = Scrape(slug, tmp_path, site=fake.site, manners=manners, **options)
        job.steps = list(job)
        return job

    return scrape_
