import math
import random
import re
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

import corpus
from corpus import Corpus
from gpt_core.evaluation.surprise import Cost
from pages.surprise import words
from pages.surprise.questions import candidates
from pages.surprise.results import WRITTEN, AtHome, Counted, Trained, counted, halves_of
from tests.helpers import TEXT, app_at, said, tables, write_run
from ui.app.chosen_text import bundled_corpus
from ui.services import models
from ui.services.caches import RESULTS
from ui.services.models import BUNDLED
from ui.services.study import study_of
from ui.show.numbers import percent
from ui.show.surprise_strip import HINT, Surprises

PROMPT = "NADIA: Who put a duck in"
SPLIT = 0.9


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_RUNS", str(tmp_path))
    return tmp_path


def opened(prompt=None, model=None, text=None, **texts):
    app = app_at("surprise")
    asked = {"model": model, "prompt": prompt} | texts
    app.query_params.update({key: value for key, value in asked.items() if value is not None})
    if text is not None:
        app.session_state["chosen_corpus"] = Corpus("a text", text)
    app.run()
    assert not app.exception
    return app


def strip(app):
    return next(h.value for h in app.get("html") if 'class="surprise"' in h.value)


def bits_by_torch(study):
    logits, _ = study.model(torch.tensor([study.ids]))
    nats = F.cross_entropy(logits[0, :-1].double(), torch.tensor(study.ids[1:]), reduction="none")
    return [nat / math.log(2) for nat in nats.tolist()]


def question(app):
    return next(radio for radio in app.radio if radio.key.startswith("surprise_"))


def train(app):
    app.button(key="train_pairs").click().run()
    assert not app.exception
    return app


# ---- The strip and its question ----


def test_no_number_is_shown_before_the_guess_and_all_are_after_it():
    app, study = opened(PROMPT), study_of(BUNDLED, PROMPT)
    assert HINT not in strip(app)
    assert 'class="told"' not in strip(app)
    assert not re.search(r"\d\.\d</small>", strip(app))
    question(app).set_value(question(app).options[0]).run()
    shown = [float(bits) for bits in re.findall(r"<small>([\d.]+)</small>", strip(app))]
    assert shown == [round(bits, 1) for bits in bits_by_torch(study)]


def test_the_colours_can_be_had_without_a_guess_and_by_a_link():
    app = opened(PROMPT)
    app.toggle(key="surprise_shown").set_value(True).run()
    assert HINT in strip(app)
    assert not [radio for radio in app.radio if radio.key.startswith("surprise_")]
    assert HINT in strip(opened(PROMPT, surprise_shown="true"))


@pytest.mark.parametrize("right", [True, False])
def test_a_guess_is_judged_by_the_bits(right):
    study, app = study_of(BUNDLED, PROMPT), opened(PROMPT)
    bits = dict(zip([t.text for t in study.tokens[1:]], bits_by_torch(study), strict=True))
    options = question(app).options
    cost = {option: bits[option.strip("`").replace("␣", " ")] for option in options}
    chosen = max(cost, key=cost.get) if right else min(cost, key=cost.get)
    question(app).set_value(chosen).run()
    box = (app.success if right else app.warning)[0].value
    assert f"cost {max(cost.values()):.2f} bits" in box
    assert ("Right" in box) == right
    if not right:
        assert f"cost {min(cost.values()):.2f}." in box


def test_five_likeliest_tokens_are_told_at_each_token():
    study = study_of(BUNDLED, PROMPT)
    logits, _ = study.model(torch.tensor([study.ids]))
    told = re.findall(r'<span class="told">.*?</span></span></span>', strip(opened(
        PROMPT, surprise_shown="true")))  # fmt: skip
    assert len(told) == len(study.ids) - 1
    for row, one in zip(logits[0, :-1].softmax(-1), told, strict=True):
        shares, ids = row.topk(5)
        for share, token in zip(shares.tolist(), ids.tolist(), strict=True):
            assert percent(share) in one
            assert study.tokenizer.token_text(token).strip(" \n") in one.replace("&#x27;", "'")


def test_what_is_asked_about_occurs_once_and_has_letters():
    texts = [".", "cat", "the", "dog", "the", "ran", "off", "fast", "now"]
    bits = [9, 1, 8, 2, 8, 3, 4, 5, 6]
    places = candidates(texts, bits)
    assert [texts[place] for place in places] == ["cat", "ran", "off", "now"]
    assert candidates([".", "a", "a"], [1, 2, 3]) == []
    assert candidates(["b", "a"], [1, 2]) == [0, 1]


@pytest.mark.parametrize("prompt", ["N", "..", "aaaa", "\u202e\u0000 x", "<b>&lt;</b> `x` **b**"])
def test_strange_prompts(runs, prompt):
    write_run(runs, "0000000a")
    app = opened(prompt, "0000000a")
    assert ("One token alone" in said(app)) == (len(prompt) == 1)


# ---- Bits, loss, perplexity ----


def test_the_table_adds_up_to_the_loss():
    study = study_of(BUNDLED, PROMPT)
    bits, app = bits_by_torch(study), opened(PROMPT)
    rows = next(d.value for d in app.dataframe if "sum so far" in d.value.columns)
    assert [float(cell) for cell in rows["bits"]] == pytest.approx(bits, abs=0.00501)
    assert float(rows["sum so far"].iloc[-1]) == pytest.approx(sum(bits), abs=0.00501)
    mean = sum(bits) / len(bits)
    assert f"= **{mean:.2f} bits per token**" in said(app)
    captions = " ".join(each.value for each in app.caption)  # below, where nats are explained
    assert f"In nats this loss is {mean * math.log(2):.2f}" in captions
    assert f"= **{2**mean:.2f}**" in said(app)


def surprises(*bits):
    return Surprises(bits, tuple((("x", 0.5),) for _ in bits))


def test_perplexity_says_whether_the_mean_describes_the_tokens():
    uneven = words.perplexity("abcd", surprises(0.0, 0.0, 0.05, 8.0), 100)
    assert "3 of 4 tokens cost less than 0.1 bits, and one alone, `d`, makes up 99%" in uneven
    even = words.perplexity("abcd", surprises(1.9, 2.0, 2.1, 2.0), 100)
    assert "alike, from 1.90 to 2.10 bits" in even
    assert "makes up" not in even
    wide = words.perplexity("abcd", surprises(0.22, 5.0, 6.0, 9.02), 1000)
    assert "go from 0.22 to 9.02 bits" in wide and "alike" not in wide
    assert "**4.00**" in even


def test_perplexity_of_certainty_of_one_token_and_beyond_guessing():
    sure = words.perplexity("ab", surprises(0.0, 0.0), 100)
    assert "**1.00**" in sure
    assert "hesitates" not in sure
    assert "1 divided by its probability" in words.perplexity("a", surprises(3.0), 100)
    assert "above 100, the whole" in words.perplexity("ab", surprises(9.0, 9.0), 100)
    assert "above 1,000" not in words.perplexity("ab", surprises(9.0, 9.0), 1000)
    beyond = words.perplexity("ab", surprises(4000.0, 4000.0), 100)
    assert "= **over 10³⁰⁰**" in beyond and "among over 10³⁰⁰ equally" in beyond


def test_the_dearest_token_is_compared_with_guessing():
    cheap = words.strip_finding("ab", surprises(0.0, 3.0), 5.0)
    assert "`b`: **3.00 bits**" in cheap
    assert "would cost 5.00" in cheap
    assert "would have cost less" in words.strip_finding("ab", surprises(6.0, 7.0), 5.0)
    assert "never sure" in words.strip_finding("ab", surprises(6.0, 7.0), 5.0)


@pytest.mark.parametrize(
    ("probability", "shown"),
    [
        (1.0, "over 99.99%"),
        (0.99996, "over 99.99%"),
        (0.9997, "99.97%"),
        (0.25, "25.0%"),
        (0.0004, "0.040%"),
        (2e-30, "less than 0.0001%"),
        (0.0, "0%"),
    ],
)
def test_per_cent(probability, shown):
    assert percent(probability) == shown


def test_a_model_that_sees_later_tokens_is_said_to_copy(runs):
    write_run(runs, "0000000a", causal=False)
    assert words.PEEKS in said(opened(PROMPT, "0000000a"))
    assert words.PEEKS not in said(opened(PROMPT))


def test_probabilities_that_are_no_numbers_are_said(runs):
    run = write_run(runs, "0000000a")
    model = run.load_model()
    torch.nn.init.constant_(model.wte.weight, 1e38)  # finite, so it loads
    run.save_model(model, 2)
    assert words.BROKEN in said(opened(PROMPT, "0000000a"))


# ---- Predictors ----


def test_the_predictors_bits_are_those_of_the_corpus_module():
    text = bundled_corpus().text
    cut, app = int(SPLIT * len(text)), opened(PROMPT)
    letters, pairs = (corpus.ngram_cross_entropy(text[:cut], text[cut:], n) for n in (0, 1))
    guessing = math.log2(len(set(text[:cut])) + 1)
    assert f"= {guessing:.2f} bits for each" in said(app)
    assert f"**Counting characters** takes it down to {letters:.2f}" in said(app)
    assert f"**Counting pairs** takes it down to {pairs:.2f}" in said(app)
    own = corpus.statistics(text[:cut]).entropy[1]
    assert f"it needs {own:.3f} bits" in said(app)
    assert f"it needs {pairs:.3f}. This is a **cross-entropy**" in said(app)


def test_the_bundled_model_is_worse_than_guessing_on_this_text_and_at_home_on_its_own():
    told = said(opened(PROMPT))
    assert "**more than guessing**" in told
    assert "A loss belongs to a model **and** a text." in told
    home = re.search(r"held out of training it needs ([\d.]+) bits", told)
    assert float(home[1]) < 0.2


def test_a_model_whose_tokenizer_loses_some_of_the_text_is_left_out(runs):
    write_run(runs, "0000000a", text="NADIA duck put Who a: in. " * 50)
    told = said(opened(PROMPT, "0000000a"))
    assert "The loaded model is not in the picture" in told
    assert "**The loaded model** needs" not in told


NUMBERS = Counted(4.0, 3.0, 2.0, 2.9, known=31, strangers=0, vocabulary=32, sharing=0)


def cost(per_character):
    return words.Cost(100 * per_character, 50, 100)


@pytest.mark.parametrize(
    ("bits", "verdict"),
    [
        (1.0, "less than counting pairs"),
        (4.0, "but not the counter"),
        (4.98, "about as many as guessing"),
        (6.0, "more than guessing"),
    ],
)
def test_where_the_loaded_model_stands(bits, verdict):
    told = words.loaded_model(cost(bits), NUMBERS, "a **text**", None, 2048)
    assert verdict in told
    assert "a **text**" not in told  # a stranger's name is no Markdown
    for home, belongs in ((bits, False), (bits / 3, True)):
        told = words.loaded_model(cost(bits), NUMBERS, "x", AtHome(home, "y"), 2048)
        assert ("**and** a text" in told) == belongs


def test_a_model_is_called_sure_and_wrong_only_beyond_its_own_guessing():
    # 100 characters of this text are 50 tokens: 12 bits each.
    assert "sure, and wrong" in words.loaded_model(cost(6.0), NUMBERS, "x", None, 2048)
    told = words.loaded_model(cost(6.0), NUMBERS, "x", None, 4096)
    assert "sure, and wrong" not in told and "one of its own 4,096 tokens costs 12.00" in told


def test_counting_is_not_praised_where_it_does_not_help():
    told = words.counters(replace(NUMBERS, letters=5.2, pairs=5.3, strangers=7))
    assert "gives 5.20, no better than guessing" in told
    assert "gives 5.30, no better than counting characters" in told
    assert "7 characters of the unseen text never came before" in told
    helps = words.counters(NUMBERS)
    assert "takes it down to 4.00" in helps
    assert "unknown" not in helps


def test_entropy_and_cross_entropy_are_compared_as_they_are():
    assert "the honest number is the second" in words.entropy(NUMBERS)
    assert "easier than the rest" in words.entropy(replace(NUMBERS, own=3.1))
    assert "the very text that it counted" in words.entropy(NUMBERS)


def test_a_long_text_s_entropy_is_said_to_be_that_of_its_beginning():
    text = ("OTTO: A duck? " * 50_000)[:600_000]
    halves = halves_of(text, models.load(BUNDLED))
    found = counted(halves)
    assert found.part == 500_000 < len(halves.seen)
    beginning = corpus.statistics(text[:500_000]).entropy[1]
    assert found.own == pytest.approx(beginning, abs=1e-6)
    assert "500,000 characters here" in words.entropy(found)


def test_bits_per_token_and_per_character_of_two_tokenizers():
    app = opened(PROMPT)
    rows = next(table for table in tables(app) if "bits per token" in table.columns)
    characters, pairs = rows.to_dict("records")
    assert characters["bits per token"] == characters["bits per character"]
    assert float(pairs["bits per token"]) > float(pairs["bits per character"])
    assert "Per token the byte pairs look worse" in said(app)
    text = bundled_corpus().text
    assert int(characters["tokens"].replace(",", "")) == len(text) - int(SPLIT * len(text)) - 1


def test_units_where_the_order_stays_and_where_one_tokenizer_loses():
    worse = {"characters": words.Cost(200, 100, 100), "byte pairs": words.Cost(300, 50, 100)}
    assert "The text is the same" in words.units(worse)
    assert "Not both tokenizers" in words.units({"byte pairs": worse["byte pairs"]})


# ---- The table of pairs ----


def test_the_table_is_trained_on_a_press_and_meets_the_counted_pairs():
    text = bundled_corpus().text
    seen = text[: int(SPLIT * len(text))]
    app = opened(PROMPT)
    assert "What it writes" not in said(app)
    told = said(train(app))
    floor = corpus.statistics(seen).entropy[1]
    end = float(re.search(r"After 200 steps:\*\* ([\d.]+)", told)[1].rstrip("."))
    assert floor < end < floor + words.CLOSE
    assert f"Counting the same pairs gives {floor:.3f}" in told
    assert "Training has found what counting finds" in told
    before, after = [c.value for c in app.code if len(c.value) == WRITTEN]
    assert before != after
    assert sum(c == " " for c in after) > 2 * sum(c == " " for c in before)


def test_thirty_visitors_train_it_once(monkeypatch):
    RESULTS.clear()
    trained = []
    from pages.surprise import results

    real = results.train_bigram
    monkeypatch.setattr(results, "train_bigram", lambda *a, **k: trained.append(1) or real(*a, **k))
    first, second = said(train(opened(PROMPT))), said(train(opened(PROMPT)))
    assert first == second
    assert len(trained) == 1
    other = opened(PROMPT, pairs_seed="2")
    assert "What it writes" not in said(other)
    assert "After 200 steps" in said(train(other))
    assert len(trained) == 2


def test_a_text_of_twenty_thousand_different_characters():
    draw = random.Random(1)
    letters = [chr(0x4E00 + i) for i in range(20_000)]
    text = "".join(draw.sample(letters, 20_000)) + "".join(draw.choices(letters, k=20_000))
    told = said(train(opened(PROMPT, text=text)))
    assert "512 × 512 = **262,144 scores**" in told
    assert f"{len(set(text[:36_000])) - 511:,} rare ones share one row" in told
    assert "one that sees two is no better" in told


@pytest.mark.parametrize("text", ["a" * 1000, "ab" * 600, TEXT, "é🦆\u202e " * 400])
def test_other_texts(text):
    told = said(train(opened(PROMPT, text=text)))
    assert "After 200 steps" in told


TRAINED = Trained((0, 200), (5.0, 2.92), 3.05, "before", "after")


def test_what_training_reached_is_said_as_it_is():
    told = words.trained(TRAINED, NUMBERS)
    assert "which is guessing: log₂ 32 = 5.00" in told
    assert "nobody counted" in told
    assert "about as many as the counter (3.00)" in told
    far = words.trained(replace(TRAINED, losses=(5.5, 3.4), unseen=4.0), NUMBERS)
    assert "guessing" not in far
    assert "still 0.50 above it" in far
    assert "the counter only 3.00" in far


def test_more_context_is_promised_only_where_it_helps():
    assert "more context helps" in words.more_context(NUMBERS)
    told = words.more_context(replace(NUMBERS, triples=3.1))
    assert "more context helps" not in told and "needs 3.10 bits instead of 3.00" in told


def test_uneven_surprises_of_a_model_that_is_never_sure_are_not_told_as_one_outlier():
    bits = (0.5, 3.0, 3.5, 4.0, 8.6)
    told = words.perplexity("abcde", Surprises(bits, ()), 65)
    assert "go from 0.50 to 8.60 bits" in told and "one alone" not in told
    sure = Surprises((0.0, 0.0, 0.0, 0.05, 5.5), ())
    assert "one alone, `e`, makes up 99% of the sum" in words.perplexity("abcde", sure, 65)


def test_what_an_imported_model_learned_is_not_said():
    cost = Cost(bits=40.0, tokens=10, characters=10)
    told = words.loaded_model(cost, NUMBERS, None, None, 65)
    assert "was not recorded" in told and "Its own text" not in told
    assert "Its own text was “Ulysses”. " in words.loaded_model(cost, NUMBERS, "Ulysses", None, 65)
    tuned = words.loaded_model(cost, NUMBERS, "Ulysses", None, 65, "My model")
    assert "“Ulysses”, after that of “My model”, from which it went on" in tuned
