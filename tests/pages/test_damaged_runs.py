"""Pages that show damaged runs: whatever is wrong with one, every page is there."""

import shutil
from contextlib import ExitStack

import pytest

from tests.ui.test_damaged_runs import DAMAGE, GOOD, paused_run, quick  # noqa: F401
from tests.ui.test_training import service
from ui.services.training import training_service


@pytest.fixture
def ana_has(paused_run, tmp_path):  # noqa: F811
    """ana_has(do_damage, …) makes a sound run of hers and one for each damage; their ids."""
    with ExitStack() as stack:

        def make(*damage):
            ids = [GOOD, *(f"{number:016x}" for number in range(len(damage)))]
            for run_id, do_damage in zip(ids, (str, *damage), strict=True):
                shutil.copytree(paused_run, tmp_path / run_id)
                do_damage(tmp_path / run_id)
            made = stack.enter_context(service(tmp_path, command=quick))
            stack.enter_context(training_service.replaced(made))
            return ids

        yield make


def test_every_page_is_there_whatever_is_wrong_with_a_run(open_lesson, ana_has):
    ids = [run_id for run_id in ana_has(*DAMAGE.values()) if training_service().knows(run_id)]
    assert len(ids) > 20
    app = open_lesson("training", visitor_id="ana")
    for run_id in ids[::2]:
        app.selectbox(key="run").set_value(run_id).run()
        assert not app.exception
    app = open_lesson("head_born", visitor_id="ana")
    for run_id in list(training_service().names("ana"))[::4]:
        app.selectbox(key="model").set_value(run_id).run()
        assert not app.exception


def test_resume_refuses_to_begin_a_trained_run_again(open_lesson, ana_has):
    _, run_id = ana_has(lambda folder: (folder / "state.safetensors").unlink())
    folder = training_service().open(run_id).path
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    app = open_lesson("training", visitor_id="ana", run=run_id)
    app.button(key="resume_run").click().run()
    assert ["This run was trained already" in error.value for error in app.error] == [True]
    assert any(":material/pause:" in bar.proto.text for bar in app.get("progress"))  # paused still
    assert before == {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
