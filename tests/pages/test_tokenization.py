import pytest


def test_three_tokenizers_on_one_sentence(open_lesson):
    app = open_lesson("tokenization", prompt="NADIA: Rule one.")
    counts = [m.value for m in app.markdown if "tokens** · list of" in m.value]
    assert len(counts) == 3
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
