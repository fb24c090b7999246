import pytest

from gpt_core.bundled import bundled_run_path
from gpt_core.overview import overview
from gpt_core.run import Run


def words(app):
    return " ".join(element.value for element in [*app.markdown, *app.info, *app.success])


def test_the_numbers_are_the_model_s(open_lesson):
    app = open_lesson("home", prompt="MABEL: ", reveal=True)
    run = Run.open(bundled_run_path())
    model = run.load_model()
    story = overview(model, run.tokenizer().encode("MABEL: "))
    assert f"**{story.surprise:.2f} bits**" in words(app)
    assert f"**{model.num_parameters():,}** numbers" in words(app)
    table = app.dataframe[0].value
    assert table["attention adds"].tolist() == [f"{v:.2f}" for v in story.attention_added.tolist()]


def test_a_guess_is_answered_with_its_probability(open_lesson):
    app = open_lesson("home", prompt="MABE")
    app.text_input(key="guess").set_value("L").run()
    assert not app.exception
    assert "“L” has" in app.success[0].value


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("", "The prompt is empty"),
        ("🦆 שלום", "bits"),
        ("x", "add up to 100%"),
        ("word " * 300, "are left out"),
    ],
)
def test_any_prompt_is_answered(open_lesson, prompt, expected):
    assert expected in words(open_lesson("home", prompt=prompt))


def test_a_model_that_is_not_here_is_replaced_in_words(open_lesson):
    app = open_lesson("home", model="../../etc")
    assert "not here any more" in app.warning[0].value
    assert app.selectbox(key="model").value == "bundled"
