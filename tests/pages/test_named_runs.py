"""Every run that the command line makes in the folder of runs can be chosen in the app."""

import os
import shutil

import pytest

from gpt_core.bundled import BUNDLED
from gpt_core.training.run import check_new
from gpt_core.training.run_files import RunError
from tests.helpers import write_run
from ui.services import models

NAMES = ["20261128", "Übung1", "mein Lauf", "0123456789abcdef", "a.b-c_d", "日本", "🦆", "x" * 100]
NAMES += ["ends.tmp", "$HOME", "100%", "`a`", "con1", "(1) & [2]"]


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A tiny run, to be copied under many names."""
    return write_run(tmp_path_factory.mktemp("one"), "run", n_layer=1, n_embd=8).path


def test_every_name_that_can_be_made_is_shown_and_found(root, trained):
    for name in NAMES:
        shutil.copytree(trained, check_new(root, name))
    assert set(models.named_runs()) == set(NAMES)
    assert [models.run_folder(name) for name in NAMES] == [root / name for name in NAMES]


def test_of_sixty_runs_none_is_missing_and_the_newest_come_first(root, trained):
    for i in range(60):
        folder = shutil.copytree(trained, root / f"run {i}")
        os.utime(folder / "config.json", (i, i))
    assert models.named_runs() == [f"run {i}" for i in reversed(range(60))]


def test_what_is_private_damaged_or_hidden_is_not_offered(root, trained):
    for name in ("0123456789abcdef", ".hidden", "two\nlines", BUNDLED, "shown", "fedcba9876543210"):
        shutil.copytree(trained, root / name)
    (root / "0123456789abcdef" / "service.json").write_text("damaged")  # it was somebody's
    (root / os.fsdecode(b"not utf-8: \xff")).mkdir()
    (root / "no model yet").mkdir()
    (root / "file").write_text("x")
    assert sorted(models.named_runs()) == ["fedcba9876543210", "shown"]
    assert models.run_folder("0123456789abcdef") is not None  # for those who know the id


def test_without_any_run(root):
    assert models.named_runs() == [] and models.run_folder("x") is None


@pytest.mark.parametrize("name", ["Übung1", "20261128"])
def test_it_can_be_opened_by_its_name(open_lesson, root, trained, name):
    shutil.copytree(trained, root / name)
    app = open_lesson("sample", "the", model=name)
    chosen = app.selectbox(key="model")
    assert f"Folder: {name}" in chosen.options and chosen.value == name
    assert not app.error and not app.warning


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (".x", "dot"),
        ("", "letters"),
        ("a/b", "letters"),
        ("a\\b", "letters"),
        ("a:b", "letters"),
        ("a\tb", "letters"),
        ("a ", "letters"),
        ("a.", "letters"),
        ("a\u202eb", "letters"),
        ("\udcff", "letters"),
        ("nul", "device on Windows"),
        ("COM1.txt", "device on Windows"),
        (BUNDLED, "comes with the app"),
        ("x" * 101, "too long"),
        ("日" * 70, "too long"),
    ],
)
def test_other_names_are_refused_with_a_sentence(tmp_path, name, words):
    with pytest.raises(RunError, match=words):
        check_new(tmp_path, name)
