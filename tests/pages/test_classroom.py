"""The class on its pages: join, follow, predict together, board; rights are not the page's."""

import re
from types import SimpleNamespace

import pytest
from streamlit.util import calc_hash

from corpus.user_text import from_paste
from pages.classroom.console import results
from pages.classroom.words import ENDED, ON_SCREENS, TAKEN_OFF
from pages.training import words as training
from tests.helpers import app_at, long_after, said, sent
from ui.app import class_bar, client, reach, seat, study_bar, visitor
from ui.app.chosen_text import bundled_corpus
from ui.app.door import CLOSED
from ui.app.following import NO_CLASS_ANY_MORE
from ui.app.lesson import ANSWER_HIDDEN, NONE_RIGHT, Answer, right_of
from ui.app.seat import Sitting
from ui.app.study_bar import DEFAULT_PROMPT
from ui.app.study_bar import LABEL as LABEL_OF_PROMPT
from ui.app.together import HIDDEN, Right
from ui.app.told import HEARD
from ui.app.voting import cast_text, result_text
from ui.services.classes.file import Question
from ui.services.classes.limits import NOT_YOURS, ClassError
from ui.services.classes.service import BOARD, CONSOLE, ClassService, class_service
from ui.services.models import BUNDLED, COPYING
from ui.show.names import unmarked
from ui.show.qr import LARGE, qr_png

LABEL = "Open a class"


@pytest.fixture
def service(tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_RUNS", str(tmp_path))
    service = ClassService(tmp_path)
    with class_service.replaced(service):
        yield service
    service.close()


def seated(seat, lesson, **query):
    """The app as whoever has this seat sees it."""
    app = app_at(lesson)
    app.session_state["class_seat"] = Sitting(seat)
    app.query_params.update(query)
    app.run()
    assert not app.exception, app.exception
    return app


def button_labels(app):
    return [button.label for button in app.button]


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception, app.exception


@pytest.fixture
def seats(service):
    """A teacher and a pupil."""
    teacher = service.open()
    return teacher, service.join(service.role(teacher).code, "<b>*Ada*</b>")


@pytest.mark.parametrize("lesson", ["classroom", "training"])
@pytest.mark.parametrize("blocked", [True, False])
def test_a_browser_that_keeps_nothing_is_told_where_it_would(service, monkeypatch, lesson, blocked):
    monkeypatch.setattr(visitor, "known_visitor", lambda proposed: (None, blocked))
    shown = said(app_at(lesson).run())
    assert ("doesn't let the app keep anything" in shown) == blocked
    assert (f"(http://localhost/{lesson})" in shown) == blocked


def test_open_and_join(service):
    teacher = app_at("classroom").run()
    press(teacher, LABEL)
    (found,) = service._classes.values()
    assert found.code in "".join(html.proto.body for html in teacher.get("html"))
    pupil = app_at("classroom")
    pupil.query_params["code"] = found.code.lower()
    pupil.run()
    assert pupil.text_input[1].value == found.code or found.code in [
        box.value for box in pupil.text_input
    ]
    press(pupil, "Join a class")
    assert "You are in as" in said(pupil)
    assert len(found.members) == 1
    press(pupil, "Leave the class")
    assert not found.members and "Join a class" in [b.label for b in pupil.button]


def test_a_wrong_code_gets_a_sentence(service):
    pupil = app_at("classroom").run()
    press(pupil, "Join a class")
    assert "no class with this code, or its door is closed" in said(pupil)


def test_a_pupil_s_page_follows_with_the_whole_state(service, seats):
    teacher, pupil = seats
    service.steer(teacher, "averaging", {"prompt": "OTTO: It rains"})
    app = seated(pupil, "classroom")
    assert app.title[0].value == "From averaging to attention"
    app._page_hash = calc_hash("averaging")  # a browser knows where it has been led
    assert app.text_input(key="prompt").value == "OTTO: It rains"
    assert app.slider(key="shown").value != 3
    service.steer(teacher, "averaging", {"prompt": "OTTO: It was warm", "shown": "3"})
    app.run()
    assert not app.exception
    assert app.slider(key="shown").value == 3
    assert app.text_input(key="prompt").value == "OTTO: It was warm"
    service.steer(teacher, "averaging", {})  # back to the defaults
    app.run()
    assert app.slider(key="shown").value != 3
    assert app.text_input(key="prompt").value != "OTTO: It was warm"


def test_a_browser_is_told_what_another_lesson_sets_back(service, seats):
    teacher, pupil = seats
    service.steer(teacher, "averaging", {"prompt": "OTTO: It rains"})
    app = seated(pupil, "averaging")
    service.steer(teacher, "mlp", {})
    app.run()
    box = app.text_input(key="prompt")  # the browser has the old text in the same box
    assert app.title[0].value == "MLP" and box.value == DEFAULT_PROMPT
    assert box.proto.set_value and box.proto.value == DEFAULT_PROMPT


def test_a_message_that_was_on_its_way_doesn_t_bring_an_old_value_back(service, seats):
    teacher, pupil = seats
    old = {"prompt": "OTTO: It rains", "shown": "3", "model": COPYING}
    service.steer(teacher, "averaging", old)
    app = seated(pupil, "averaging")
    app._page_hash = calc_hash("averaging")
    before = app.text_input(key=HEARD).value
    service.steer(teacher, "averaging", {})
    app.run()
    usual = app.slider(key="shown").value
    assert int(app.text_input(key=HEARD).value) > int(before) and usual != 3

    def say(as_of):  # what a browser sends along with whatever is pressed
        app.text_input(key=HEARD).set_value(as_of)
        app.text_input(key="prompt").set_value(old["prompt"])
        app.slider(key="shown").set_value(3)
        app.selectbox(key="model").set_value(COPYING)
        app.run()
        assert not app.exception
        return app.text_input(key="prompt").value, app.slider(key="shown").value

    assert say(before) == (DEFAULT_PROMPT, usual)
    assert app.session_state["study_request"][0] == BUNDLED
    assert app.text_input(key="prompt").proto.set_value  # and the browser is told once more
    app.slider(key="shown").set_value(3).run()  # from now on it is the visitor's own choice
    assert app.slider(key="shown").value == 3
    for text in ("OTTO: new", old["prompt"]):
        app.text_input(key="prompt").set_value(text).run()
        assert app.text_input(key="prompt").value == text


def test_a_lesson_is_on_the_teacher_s_text_and_one_s_own_stays_one_s_own(service, seats):
    teacher, pupil = seats
    service.steer(teacher, "tokenization", {})
    app = seated(pupil, "tokenization")
    own = from_paste("A duck sat down in the dryer. " * 100)
    state = {"chosen_corpus": own, "chosen_name": "own-1", "own_text": ("own-1", own, None)}
    for name, value in state.items():
        app.session_state[name] = value
    for query in ({"prompt": "OTTO: It rains"}, {"text": "own-2"}):  # none, and the teacher's own
        service.steer(teacher, "tokenization", query)
        app.run()
        assert (
            not app.exception and bundled_corpus().name in said(app) and own.name not in said(app)
        )
        assert "own-1" not in app.query_params.get("text", "")
    service.steer(teacher, "training", {})
    app.run()
    assert own.name in said(app)  # to train on it
    app._page_hash = calc_hash("training")
    service.steer(teacher, "tokenization", {})
    app.run()
    app._page_hash = calc_hash("tokenization")
    press(app, "Look around on my own")
    assert own.name in said(app)
    service.steer(teacher, "tokenization", {"text": "bundled"})
    press(app, "Back to the class")
    assert own.name not in said(app) and bundled_corpus().name in said(app)
    assert app.session_state["chosen_corpus"] is own


def test_an_address_names_widgets_and_nothing_else_of_a_session(service, seats):
    teacher, pupil = seats
    app = seated(pupil, "data")
    kept = {"chosen_name": "own-1", "visitor_id": "me", "page_is_whole": True, "note": "x"}
    for name, value in kept.items():
        app.session_state[name] = value
    app.session_state["chosen_corpus"] = bundled_corpus()
    service.steer(teacher, "data", dict.fromkeys(kept, "1") | {"prompt": "OTTO: It rains"})
    app.run()
    assert not app.exception and app.text_input(key="prompt").value == "OTTO: It rains"
    assert {name: app.session_state[name] for name in kept} == kept


def test_who_looks_around_comes_back_or_is_called(service, seats):
    teacher, pupil = seats
    service.steer(teacher, "glossary", {})
    app = seated(pupil, "glossary")
    press(app, "Look around on my own")
    service.steer(teacher, "glossary", {"term": "softmax"})
    app.run()
    assert app.text_input(key="term").value == ""
    press(app, "Back to the class")
    assert app.text_input(key="term").value == "softmax"
    press(app, "Look around on my own")
    service.steer(teacher, "glossary", {"term": "token"})
    service.call(teacher)
    app.run()
    assert app.text_input(key="term").value == "token"


def test_a_first_answer_is_handed_in_and_seen_when_it_is_revealed(service, seats):
    teacher, pupil = seats
    service.hold(teacher, True)
    app = seated(pupil, "mlp")
    app.radio[0].set_value(app.radio[0].options[0]).run()
    assert "Your answer is in" in said(app)
    (question,) = service.questions(teacher)
    assert question.counts[0] == question.answered == 1
    service.reveal(teacher, question.id)
    app.run()
    assert "Your answer is in" not in said(app)
    assert service.question(pupil, question.id).answered == 1
    console = seated(teacher, "classroom")
    assert "Answered: 1 of 1 pupil" in said(console)


@pytest.mark.parametrize("window", [{}, {"present": "1"}])
def test_a_teacher_who_reveals_sees_what_is_right_without_an_answer(service, seats, window):
    teacher, pupil = seats
    app, late = seated(teacher, "mlp", **window), seated(pupil, "mlp")
    options = app.radio[0].options
    app_of_pupil = seated(service.join(service.role(teacher).code, "Bo"), "mlp")
    app_of_pupil.radio[0].set_value(options[0]).run()
    assert "**Right:**" not in said(app.run()) and not marked(app)
    press(app, "Reveal to the class")
    (right,) = marked(app)
    assert right.startswith("✓ ") and right[2:] in map(unmarked, options)
    assert "**Right:** " in said(app)
    assert not marked(late.run()) and "**Right:**" not in said(late)  # who hasn't answered
    (option,) = [option for option in options if unmarked(option) == right[2:]]
    app.radio[0].set_value(option).run()
    assert "✓ **Right.**" in said(app) and marked(app) == [right]


def marked(app):
    """The answers that are marked as right."""
    bodies = [node.proto.body for node in app.get("html")]
    return [text for body in bodies for text in re.findall("<span class=right>(.*?)</span>", body)]


def test_what_is_right_may_be_several_answers_or_none():
    def right(*judged, why="why"):
        options = [f"{place}" for place in range(len(judged))]
        return right_of(options, lambda option: Answer(judged[int(option)], why))

    assert right(False, True, True) == Right((1, 2), "**Right:** 1 · 2. why")
    assert right(True, False, why="0: why").said == "**Right:** 0: why"  # and not twice
    assert right(False, False) == Right((), NONE_RIGHT)
    assert right(None, False) == Right((), "")


def test_the_console_shows_what_is_asked_where_the_class_is(service, seats):
    teacher, pupil = seats

    def ask(lesson, text):
        return service.answer(pupil, lesson, "case", text, ("yes", "no"), 0)

    ask("mlp", "Does it copy?")
    service.steer(teacher, "heads", {})
    console = seated(teacher, "classroom")
    assert "Does it copy?" in said(console)  # nothing else was asked
    ask("mlp", "Does it add?")  # by who looks around alone
    ask("heads", "Does it look back?")
    assert "Does it look back?" in said(console.run())
    service.steer(teacher, "mlp", {})
    console.run()
    assert "Does it add?" in said(console) and "Revealed" not in said(console)
    press(console, "Reveal to the class")
    assert "Revealed: the class sees these counts, too." in said(console.run())


def test_a_class_keeps_the_teacher_s_model_and_prompt(service, seats):
    teacher, pupil = seats
    service.steer(teacher, "mlp", {"prompt": "OTTO: It rains"})
    app = seated(pupil, "mlp")
    press(app, "Look around on my own")
    service.fix(teacher, True)
    app.session_state["prompt"] = "forged"  # whatever a browser says, or another part of the page
    app.query_params["prompt"] = "forged"
    app.run()
    boxes = {box.label: box for box in app.text_input}
    assert boxes[LABEL_OF_PROMPT].value == "OTTO: It rains" and boxes[LABEL_OF_PROMPT].disabled
    assert app.session_state["study_request"] == (BUNDLED, "OTTO: It rains")
    assert "Reset" not in [button.label for button in app.button]
    assert not seated(teacher, "mlp").text_input(key="prompt").disabled
    link = sent(app, "class_link")  # who looks around alone is told all the same
    assert link["free"] and link["fixed"] and link["ticket"] == pupil.ticket
    service.fix(teacher, False)
    app.run()
    assert not app.text_input(key="prompt").disabled


def test_a_projector_s_page_points_until_the_teacher_says_otherwise(service, seats):
    teacher, pupil = seats
    assert not sent(seated(teacher, "glossary"), "class_link")["points"]
    app = seated(teacher, "glossary", present="1")
    assert sent(app, "class_link")["points"]
    press(app, "Hide my pointer")
    assert not sent(app, "class_link")["points"]
    assert not sent(seated(pupil, "glossary", present="1"), "class_link")["points"]


def test_a_link_locks_answers_model_and_prompt_on_every_page(service):
    app = app_at("mlp")
    app.query_params.update({"lock": "reveal,study,nonsense", "prompt": "OTTO: It rains"})
    app.run()
    app.radio[0].set_value(app.radio[0].options[0]).run()
    assert HIDDEN in said(app) and "Right." not in said(app) and "Not quite" not in said(app)
    answers = [box.children[0].value for box in app.expander if box.label.endswith("?")]
    assert answers and set(answers) == {ANSWER_HIDDEN}
    app.query_params.pop("lock")
    app._page_hash = calc_hash("averaging")
    app.run()
    assert app.session_state["study_request"][1] == "OTTO: It rains"
    assert app.query_params["lock"] in ("reveal,study", ["reveal,study"])
    long_after(app)
    app.query_params["lock"] = "nonsense"
    app.run()
    assert app.text_input(key="prompt").value and "lock" not in app.query_params


def test_on_a_laptop_others_wait_until_a_class_is_opened(service, monkeypatch):
    other = SimpleNamespace(ip_address="192.0.2.7", headers={}, url="http://192.0.2.1:8501/")
    for module in (client, reach):
        monkeypatch.setattr(module, "st", _With(module.st, context=other))
    app = app_at("mlp").run()
    assert said(app) == CLOSED and not app.title and not app.radio
    monkeypatch.setenv("GPT_PUBLIC", "1")
    assert app.run().title
    monkeypatch.delenv("GPT_PUBLIC")
    assert not app.run().title
    teacher = service.open()
    assert app.run().title and CLOSED not in said(app)
    service.end(teacher)
    app.session_state["open_lesson"] = "glossary", {}  # pressed in this moment
    assert said(app.run()) == CLOSED
    service.open()
    assert app.run().title[0].value == "MLP"
    monkeypatch.undo()


class _With:
    """A module in which some names mean something else."""

    def __init__(self, module, **names):
        self._module = module
        self.__dict__.update(names)

    def __getattr__(self, name):
        return getattr(self._module, name)


def test_the_class_votes_and_the_teacher_s_form_takes_the_winner(service, seats):
    teacher, pupil = seats
    other = service.join(service.role(teacher).code, "Bo")
    console = seated(teacher, "training")
    console.selectbox(key="vote_topic").set_value(training.WIDTH).run()
    press(console, training.ASK_CLASS)
    usual = console.number_input(key="width").value
    app = seated(pupil, "glossary")
    press(app, f"{2 * usual}")
    assert cast_text(f"{2 * usual}") in said(app) and "The class chose" not in said(app)
    service.cast(pupil, 0)  # the first vote counts, and after a reload it is still known
    again = seated(pupil, "glossary")
    assert cast_text(f"{2 * usual}") in said(again)
    assert not [button for button in again.button if button.label == f"{2 * usual}"]
    service.cast(other, 2)
    service.cast(other, 0)  # the first vote counts
    assert service.vote(pupil).counts == () and service.vote(teacher).counts == (0, 0, 2)
    with pytest.raises(ClassError):  # not by the way of answers either
        service.answer(pupil, "x", "y", "z", ("a",), 3)
    press(console, training.TAKE_WINNER)
    assert console.number_input(key="width").value == 2 * usual
    assert console.toggle(key="run_for_class").value
    service.cast(service.join(service.role(teacher).code, "late"), 0)  # it is decided
    app.run()
    assert f"The class chose **{2 * usual}**" in said(app)
    press(console, training.NO_VOTE)
    app.run()
    assert "The class chose" not in said(app)
    for act in (service.decide_vote, service.forget_vote):
        with pytest.raises(ClassError, match=NOT_YOURS):
            act(pupil)


def test_a_vote_without_a_winner_is_said_to_be_a_tie():
    vote = Question("id", "", "?", ("2", "3", "4"), True, (1, 2, 2))
    assert result_text(vote) == (
        "It is a tie; of those in front the first is taken: **3** (2: 1, 3: 2, 4: 2)."
    )
    won = Question("id", "", "?", ("2", "3"), True, (1, 2))
    assert result_text(won) == "The class chose **3** (2: 1, 3: 2)."


def test_texts_on_the_board_can_be_voted_on(service, seats):
    teacher, pupil = seats
    service.hand_in(pupil, "sample", {}, "OTTO: Quack, said the duck. " * 60)
    console = seated(teacher, "training")
    console.selectbox(key="vote_topic").set_value(training.TEXT).run()
    press(console, training.ASK_CLASS)
    service.cast(pupil, 1)
    press(console, training.TAKE_WINNER)
    assert console.session_state["chosen_corpus"].text.startswith("OTTO: Quack")


def test_a_nickname_is_shown_as_text(service, seats):
    teacher, pupil = seats
    console, app = seated(teacher, "classroom"), seated(pupil, "classroom")
    for page in (console, app):
        text = said(page)
        assert "Ada" in text and "<b>" not in text.replace("\\<b", "") and "**Ada" not in text


def test_a_page_with_a_pupil_s_seat_has_nothing_of_the_teacher_s(service, seats):
    _, pupil = seats
    app = seated(pupil, "classroom")
    labels = {b.label for b in app.button}
    assert not labels & {"End it and delete everything", "Everybody here", "Reveal to the class"}


def test_what_is_handed_in_is_shown_to_all(service, seats):
    teacher, pupil = seats
    service.hand_in(pupil, "glossary", {"term": "token"})
    service.hand_in(pupil, "sample", {}, "A *duck* <script>")
    console, app = seated(teacher, "classroom"), seated(pupil, "classroom")
    press(console, "Show to all")  # the newest is the text
    assert "A \\*duck\\* \\<script\\>" in said(app.run())
    [button for button in console.button if button.label == "Show to all"][1].click().run()
    assert not console.exception
    app.run()
    assert app.title[0].value == "Glossary" and app.text_input(key="term").value == "token"


def test_a_console_stays_one_and_says_what_is_on_all_screens(service, seats):
    teacher, pupil = seats
    text, view = ((service.hand_in(pupil, *what)) for what in (("data", {}, "A duck"), ("mlp", {})))
    console = seated(teacher, "classroom")

    def on_screens(app):
        return [b.key for b in app.button if b.key.startswith("see_")]

    for number in (view, text):
        console.button(key=f"show_{number}").click().run()
        assert not console.exception and console.toggle(key="class_door")
        assert on_screens(console) == [f"see_{number}"]
        assert said(console).count(ON_SCREENS) == 1
    assert on_screens(seated(teacher, "classroom")) == [f"see_{text}"]  # in another window, too
    press(console, "See it here")
    assert "A duck" in said(console) and not on_screens(console)
    service.steer(teacher, "heads", {})  # the class is led on
    assert not on_screens(seated(teacher, "classroom"))


def test_the_projector_in_another_window_shows_what_the_console_puts_on_the_screen(service, seats):
    teacher, pupil = seats
    service.hand_in(pupil, "sample", {}, "A duck")
    console = seated(teacher, "classroom")
    projector, laptop = seated(teacher, "glossary", present="1"), seated(teacher, "glossary")
    service.join(service.role(teacher).code, "Bo")
    press(console, "Show to all")
    assert console.toggle(key="class_door")
    for page in (projector, laptop):
        page.run()
        assert not page.exception and "2 pupils, your page leads" in said(page)
    assert "A duck" in said(projector) and laptop.title[0].value == "Glossary"
    projector._page_hash = calc_hash("mlp")
    assert projector.run().title[0].value == "MLP"  # the teacher goes on from there


def test_a_class_is_no_longer_led_to_what_was_taken_off_the_board(service, seats):
    teacher, pupil = seats
    bo = service.join(service.role(teacher).code, "Bo")
    for is_taken in (
        lambda number: service.take_off(teacher, number),
        lambda number: service.leave(bo),  # and takes along what they have handed in
    ):
        number = service.hand_in(bo, "data", {}, "A duck")
        service.show(teacher, CONSOLE, {BOARD: str(number), "prompt": "OTTO: It rains"})
        app = seated(pupil, CONSOLE)
        assert "A duck" in said(app)
        is_taken(number)
        app.run()
        assert TAKEN_OFF in said(app) and "A duck" not in said(app)
        assert BOARD not in app.query_params  # for the next reload
        assert service.state(pupil).query == {"prompt": "OTTO: It rains"}
        assert TAKEN_OFF not in said(seated(pupil, CONSOLE))
        service.steer(teacher, CONSOLE, {BOARD: str(number)})  # by a window that still shows it
        assert not service.state(pupil).query


def test_from_what_is_shown_the_way_back_to_the_console_stays(service, seats):
    teacher, pupil = seats
    service.hand_in(pupil, "sample", {}, "A duck")
    app = seated(teacher, "classroom", present="1")  # the projector itself
    press(app, "Show to all")
    assert "From the board" in [heading.value for heading in app.header]
    press(app, "Console")
    app.toggle(key="class_door").set_value(False).run()
    assert not app.header and not service.state(teacher).door


def test_a_prompt_a_view_and_a_run_are_handed_in_by_one_press(service, seats, monkeypatch):
    teacher, pupil = seats
    runs = SimpleNamespace(names=lambda visitor: {"0" * 16: "newest", "1" * 16: "older"})
    monkeypatch.setattr(class_bar, "training_service", lambda: runs)
    service.steer(teacher, "glossary", {"term": "token", "prompt": "OTTO: It rains"})
    app = seated(pupil, "glossary")
    for label in ("This view: the picture", "The prompt alone", "My newest run"):
        app.session_state["class_hand_in"] = True  # the box is open; it closes by itself
        app.run()
        press(app, next(b.label for b in app.button if b.label.startswith(label)))
        assert not [b for b in app.button if b.label.startswith(label)]
    run, prompt, view = service.items(teacher)  # the newest first
    assert (run.lesson, dict(run.query)) == ("training", {"run": "0" * 16})
    assert prompt.text == "OTTO: It rains"
    assert view.lesson == "glossary" and view.query["term"] == "token"
    assert "a run" in said(seated(teacher, "classroom"))


def test_a_class_that_has_ended_leaves_its_pupils_with_a_sentence(service, seats):
    teacher, pupil = seats
    app = seated(pupil, "glossary")
    service.end(teacher)
    app.run()
    assert not app.exception and NO_CLASS_ANY_MORE in said(app)
    assert [toast.value for toast in app.toast] == [NO_CLASS_ANY_MORE]  # where they have scrolled


def test_a_teacher_who_ends_the_class_is_told_what_is_deleted(service, seats, tmp_path):
    teacher, _ = seats
    console = seated(teacher, "classroom")
    press(console, "End it and delete everything")
    assert [toast.value for toast in console.toast] == [ENDED]
    assert not [*(tmp_path / "classes").iterdir()] and "Open a class" in button_labels(console)
    assert not console.run().toast


def test_a_class_that_had_ended_already_isn_t_said_to_be_ended_by_the_press(service, seats):
    console = seated(seats[0], "classroom")
    button = next(b for b in console.button if b.key == "end_class")
    service.end(seats[0])
    button.click().run()
    assert not console.exception and ENDED not in [toast.value for toast in console.toast]


def test_results_have_no_names():
    question = Question("id", "data", "**Which?**", ("=a", "b, c"), True, (3, 1))
    rows = results([question], {"data": "The text"}).splitlines()
    assert rows[:2] == ["lesson,question,answer,pupils", "The text,Which?,'=a,3"]
    assert rows[2:] == ['The text,Which?,"b, c",1']


def test_the_qr_code_is_a_picture():
    drawn = qr_png("http://192.168.1.7:8501/classroom?code=ABCDEF", LARGE)
    assert drawn.startswith(b"\x89PNG") and 160 < int.from_bytes(drawn[16:20]) <= LARGE


def test_a_run_stays_the_model_when_it_turns_out_to_be_the_class_s(service, seats, monkeypatch):
    """Its name on the page changes, and by its name a browser says what is chosen."""
    run_id = "0" * 15 + "a"
    monkeypatch.setattr(study_bar.models, "named_runs", list)
    monkeypatch.setattr(study_bar.models, "run_folder", {run_id: "folder"}.get)
    of_class = SimpleNamespace(names_of_class=lambda class_id: {run_id: "ours"})
    app = app_at("glossary")
    app.query_params["model"] = run_id
    app.run()
    assert app.selectbox(key="model").options[-1] == "Shared run 000000"
    monkeypatch.setattr(seat, "training_service", lambda: of_class)
    app.session_state["class_seat"] = Sitting(seats[0])
    app.run()
    box = app.selectbox(key="model")
    assert box.options[-1] == "Class: ours"
    box.options.append("Shared run 000000")  # a browser that has drawn the old name says that
    box.set_value("Shared run 000000").run()
    assert app.selectbox(key="model").value == run_id
    assert app.query_params["model"] == run_id


def test_a_console_doesn_t_undo_what_the_teacher_s_other_window_has_switched(service, seats):
    teacher, _ = seats
    app = seated(teacher, "classroom")
    service.hold(teacher, True)
    service.fix(teacher, True)
    service.set_door(teacher, False)
    app.run()
    state = service.state(teacher)
    assert (state.held, state.fixed, state.door) == (True, True, False)
    switched = [app.toggle(key=f"class_{name}").value for name in ("hold", "fix", "door")]
    assert switched == [True, True, False]
    app.toggle(key="class_door").set_value(True).run()
    assert service.state(teacher).door


def test_what_a_teacher_does_about_somebody_is_everybody_s_page_s_business(service, seats):
    teacher, pupil = seats
    number = service.role(pupil).member.number
    item = service.hand_in(pupil, "data", {}, "Rude words")
    for act in (
        lambda: service.rename(teacher, number, "Bo"),
        lambda: service.hide(teacher, number, True),
        lambda: service.take_off(teacher, item),
    ):
        before = service.state(pupil)
        act()
        now = service.state(pupil)
        assert now.version > before.version and now.marks > before.marks
