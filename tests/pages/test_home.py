import pytest

from gpt_core.bundled import bundled_run_path
from gpt_core.interpret.overview import overview
from gpt_core.training.run import Run
from notebooks.maker import NAMES
from tests.helpers import said, sent


def test_the_numbers_are_the_model_s(open_lesson):
    app = open_lesson("home", prompt="MABEL: ", reveal=True)  # the space waits
    run = Run.open(bundled_run_path())
    model = run.load_model()
    story = overview(model, run.tokenizer().encode("MABEL:"))
    assert f"**{story.surprise:.2f} bits**" in said(app)
    assert f"**{model.num_parameters():,}** numbers" in said(app)
    assert sent(app, "block_diagram")["numbers"] == pytest.approx(story.lengths)
    assert f"After the last layer its length is {story.end:.2f}" in said(app)


def test_a_guess_is_answered_with_its_probability(open_lesson):
    app = open_lesson("home", prompt="NADIA")
    app.text_input(key="guess").set_value(":").run()
    assert not app.exception
    assert "`:` has" in app.success[0].value


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("", "The prompt is empty"),
        ("🦆 שלום", "bits"),
        ("x", "add up to 100%"),
        ("word " * 400, "tokens at a time; the prompt's first"),
    ],
)
def test_any_prompt_is_answered(open_lesson, prompt, expected):
    assert expected in said(open_lesson("home", prompt=prompt))


def test_a_model_that_is_not_here_is_replaced_in_words(open_lesson):
    app = open_lesson("home", model="../../etc")
    assert "not here any more" in app.warning[0].value
    assert app.selectbox(key="model").value == "bundled"


def test_both_notebooks_can_be_downloaded(open_lesson):
    buttons = open_lesson("home").get("download_button")
    assert [button.proto.label for button in buttons] == list(NAMES)
    assert all(button.proto.url for button in buttons)
