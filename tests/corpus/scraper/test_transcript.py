"""Cleaning: what surely isn't the script goes, what may be it stays."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.scraper.fetcher import Page
from corpus.scraper.pages import PageError, episodes_on, script_on
from corpus.scraper.transcript import STEPS, clean_script, stages
from tests.transcript_site import script_page, show_page


def after(step, text):
    """What one step makes of a text."""
    return next(s for s in STEPS if s.name == step).function(text)


def page(text, address="https://example.org/episode_scripts.php?tv-show=x"):
    return Page(address, 200, text.encode())


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("a <script>var b</script>c", "a c"),
        ('a <div class="ad ad-box"><p>Buy</p></div>c', "a c"),
        ('a <ins class="adsbygoogle">Buy</ins>c', "a c"),
        ('a <div id="banner-1">Buy</div>c', "a c"),
        ("a <!-- comment -->c", "a c"),
        (
            'a <div class="ad"><div>Buy</div>' + "The script. " * 60,
            "a \n\nBuy\n" + "The script. " * 60,
        ),
        ('a <span class="dad">said</span> c', "a said c"),
        ('<p class="address shadow">Read</p>', "Read"),
        ("bell\x07 <script>x</script>\x1fbyte", "bell\x07 \x1fbyte"),
        ("1 &lt; 2 &amp; 3<script>x</script>", "1 < 2 & 3"),
    ],
)
def test_advertisements(html, kept):
    assert after("Line breaks", after("Advertisements", html)) == kept


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a.<br> b", "a.\n b"),
        ("a.<br/>b<BR>c", "a.\nb\nc"),
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("a\n b<br>c", "a  b\nc"),
        ("<i>So</i>, <b>you</b>&nbsp;&eacute;", "So, you\xa0é"),
        ("&lt;i&gt;thought&lt;/i&gt;", "<i>thought</i>"),
    ],
)
def test_line_breaks(html, text):
    assert after("Line breaks", html) == text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a.[br] b [BR]c[br/]d", "a.\n b\nc\nd"),
        ("a\tb\r\nc\rd", "a b\nc\nd"),
        ("<i>thought</i> {\\an8}up", "thought up"),
        ("<font color=#fff>red</font>", "red"),
        ("x < y > z {no}", "x < y > z {no}"),
        ("[ Break ]", "[ Break ]"),
    ],
)
def test_old_markup(old, new):
    assert after("Old markup", old) == new


@pytest.mark.parametrize(
    ("before", "cleaned"),
    [
        ("1\nHi.", "Hi."),
        ("1 Claire: Kids!", "Claire: Kids!"),
        ("1 [ Doorbell rings ]", "[ Doorbell rings ]"),
        ("01 - Hi.", "- Hi."),
        ("1 more time.", "1 more time."),
        ("10 Downing Street.", "10 Downing Street."),
        ("1984\nLondon.", "1984\nLondon."),
        ("Ready?\n3\n2\n1\nGo!", "Ready?\n3\n2\n1\nGo!"),
        ("Count!\n1\n2\n3\nGood.", "Count!\n1\n2\n3\nGood."),
        ("1\nHi.\n2\nYou.\n3\nBye.", "Hi.\nYou.\nBye."),
        (
            "1\n00:00:01,000 --> 00:00:02,500\nHi.\n2\n00:00:03,000 --> 00:00:04,000\nYou.",
            "Hi.\nYou.",
        ),
        ("It is 5:30.", "It is 5:30."),
        ("", ""),
        ("7", ""),
    ],
)
def test_subtitle_numbers(before, cleaned):
    assert after("Subtitle numbers", before) == cleaned


@pytest.mark.parametrize(
    ("line", "stays"),
    [
        ("Sync and corrections by n17t01", False),
        ("www.addic7ed.com", False),
        ("Subtitles by somebody", False),
        ("Advertise your product or brand here", False),
        ("I saw an advertisement in the paper.", True),
        ("We need to sync our calendars. You're correct.", True),
    ],
)
def test_lines_of_advertising(line, stays):
    assert after("Lines of advertising", f"a\n{line}\nb") == (f"a\n{line}\nb" if stays else "a\nb")


@pytest.mark.parametrize(
    ("before", "marked"),
    [
        ("Kids! - Coming! - Haley?", "Kids!\n- Coming!\n- Haley?"),
        (" - Yeah.", "- Yeah."),
        ("- Yeah.\n - No.", "- Yeah.\n- No."),
        ("[ Bell rings ] - Who's there?", "[ Bell rings ]\n- Who's there?"),
        ("I was - I mean, we were.", "I was - I mean, we were."),
        ("I was going to - - You were not.", "I was going to\n- You were not."),
        ("Go. Claire: Kids! CAMERON: No.", "Go.\nClaire: Kids!\nCAMERON: No."),
        ("Go. It is 5: 30", "Go. It is 5: 30"),
        ("A well-known fact.", "A well-known fact."),
        ("Pages 3 - 5", "Pages 3 - 5"),
    ],
)
def test_speakers(before, marked):
    assert after("Speakers", before) == marked


@pytest.mark.parametrize(
    ("before", "joined"),
    [
        ("I went to the\nstore.", "I went to the store."),
        ("I met\nPhil.", "I met Phil."),
        ("Yes.\nNo.", "Yes.\nNo."),
        ("Well,\nKids.", "Well, Kids."),
        ("Mr.\n Dunphy is here.", "Mr. Dunphy is here."),
        ("The F.\nB.\nI.", "The F. B. I."),
        ("I thought.\nbut no.", "I thought. but no."),
        ("I went\n- Where?", "I went\n- Where?"),
        ("I went\n[ Bell rings ]", "I went\n[ Bell rings ]"),
        ("[ Bell rings ]\nHello", "[ Bell rings ]\nHello"),
        ("Hello\nClaire: Kids", "Hello\nClaire: Kids"),
        ("Claire:\nKids!", "Claire: Kids!"),
        ("One\n\nTwo", "One\n\nTwo"),
        ("What?\nWhy!\nWho…\nI", "What?\nWhy!\nWho…\nI"),
        ("He said “go.”\nI went", "He said “go.”\nI went"),
        ('She said "no.\n " And left.', 'She said "no." And left.'),
        ("THE NEXT DAY\nHi.", "THE NEXT DAY\nHi."),
        ("I\nwill.", "I will."),
        ("We -\nYou did.", "We -\nYou did."),
        ("Où est\nÉmile?", "Où est Émile?"),
    ],
)
def test_sentences(before, joined):
    assert after("Sentences", before) == joined


def test_each_step_can_be_seen():
    html = "1 CafÃ©\x1f!<br> So  it<br> is. - Yes.<script>x</script>"
    seen = list(stages(html))
    assert [stage.step for stage in seen] == list(STEPS)
    assert seen[0].before == html
    for before, following in zip(seen, seen[1:], strict=False):
        assert before.after == following.before
    assert seen[-1].after == clean_script(html) == "Café!\nSo it is.\n- Yes.\n"
    changed = [stage.step.name for stage in seen if stage.before != stage.after]
    assert changed == [s.name for s in STEPS if s.name != "Lines of advertising"]
    assert all(step.why.endswith(".") for step in STEPS)


@given(st.text(alphabet="ab.!? -\n<>br[]1/é\x1f\x00&;\u2028Ã©", max_size=200))
def test_whatever_comes_gives_clean_lines(html):
    text = clean_script(html)
    assert not set(text) & {"\x00", "\x1f", "\r", "\t", "\u2028"}
    assert text == "" or (text.endswith("\n") and "\n\n" not in text)


@pytest.mark.parametrize(
    "piece",
    [
        "word ",
        "<br>",
        "a<br>",
        "<div>",
        "- ",
        "1\n",
        "Ã©",
        "A. ",
        "[br",
        "<b",
        "x - - ",
        "\x1f",
        " ",
    ],
)
def test_a_page_of_one_kind_is_cleaned_in_time(piece):
    html = piece * (300_000 // len(piece))
    started = time.monotonic()
    clean_script(html)
    assert time.monotonic() - started < 10


def test_a_show_page_as_it_is():
    html = """<div class="season-episodes"><h3 id="season1">Season 1</h3>
      <a class="x season-episode-title y" href="view_episode_scripts.php?tv-show=x&episode=s01e02">
        2. The Bicycle Thief</a>
      <a class="season-episode-title"
         href="/view_episode_scripts.php?tv-show=x&amp;amp;episode=s01e01">1. Pilot</a>
      <a class="season-episode-title" href="view_episode_scripts.php?tv-show=x&episode=s01e01"></a>
      <a class="season-episode-title" href="view_episode_scripts.php?tv-show=other&episode=s01e03">
      <a class="season-episode-title" href="view_episode_scripts.php?tv-show=x&episode=../../e">
      <a class="season-episode-title" href="http://[::1/view_episode_scripts.php"></a></div>
      <div class="season-episodes"><a class="season-episode-title"
        href="view_episode_scripts.php?tv-show=x&amp;episode=s03e90">90. - Odd - One</a></div>"""
    found = [(e.key, e.season, e.number, e.title) for e in episodes_on(page(html), "x")]
    assert found == [
        ("s01e01", 1, 1, "Pilot"),
        ("s01e02", 1, 2, "The Bicycle Thief"),
        ("s03e90", 3, 90, "Odd - One"),
    ]


def test_a_show_page_with_other_classes():
    html = show_page("x", ["s01e01", "s01e02"]).replace("season-episode-title", "title")
    assert [e.key for e in episodes_on(page(html), "x")] == ["s01e01", "s01e02"]


@pytest.mark.parametrize("html", ["", "   ", "<html></html>", "no page", "\x00\x00"])
def test_pages_that_are_none(html):
    assert episodes_on(page(html), "x") == []
    assert script_on(page(html)) is None


def test_a_script_page_as_it_is():
    script = script_on(page(script_page("Hi <b>you</b> &amp; me<br>")))
    assert script.html == "Hi <b>you</b> &amp; me<br>"
    assert script.charset == "utf-8"
    assert script_on(page('<div class="scrolling-script-container-2">x</div>')) is None


def test_a_page_that_breaks_off():
    whole = script_page("Words. <script>x()</script> More words.")
    with pytest.raises(PageError, match="breaks off"):
        script_on(page(whole[: whole.index("More")]))
