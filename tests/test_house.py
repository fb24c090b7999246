"""The house rules that a machine can check: who imports whom, lint, format, no pickles."""

import ast
import re
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from course.lessons import LESSONS
from gpt_core.training import run, run_files

PROJECT = Path(__file__).parent.parent

# From the cellar up. A module may import from its own floor and from those below.
FLOORS = (
    "corpus",
    "gpt_core.memory",
    "gpt_core.tokenizers",
    "gpt_core.model",
    "gpt_core.compression",
    "gpt_core.adapters",
    "gpt_core.generate",
    "gpt_core.training",
    "gpt_core.evaluation",
    "gpt_core.interpret",
    "gpt_core.experiments",
    "gpt_core.huggingface",
    "gpt_core.nanogpt",
    "gpt_core.jobs",
    "gpt_core.bundled",
    "gpt_core.cli",
    "gpt_core.__main__",
    "ui.show",
    "ui.components",
    "ui.services",
    "ui.app",
    "pages",
    "course",
    "notebooks",
    "app",
)
# What a lesson offers to others on purpose, and to whom.
OFFERED = {
    ("pages.data.text_tables", "training"),
    ("pages.layernorm.words", "normalization"),
}
LONGEST_LABEL = 60  # characters that a widget, a heading or a column may be called
NAME = re.compile(r"\w+")
FOREIGN = {"corpus": {"torch", "streamlit", "plotly"}, "gpt_core": {"streamlit", "plotly"}}


def name_of(path):
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


def paths():
    roots = ("corpus", "gpt_core", "ui", "pages", "course", "notebooks")
    return [PROJECT / "app.py", *(p for r in roots for p in sorted((PROJECT / r).rglob("*.py")))]


PATHS = {name_of(path): path for path in paths()}
each_module = pytest.mark.parametrize("name", PATHS)


def imported(source):
    """Full names of what a source imports, wherever in it; packages where it asks for those."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import: {ast.unparse(node)}"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in PATHS else node.module


def pages_named(source):
    """Lessons whose files a source names by their paths."""
    return {
        f"pages.{lesson}.{file}" for lesson, file in re.findall(r"pages/(\w+)/(\w+)\.py", source)
    }


def floor_of(name):
    """The number of a module's floor; None for a package that only holds floors."""
    for number, floor in enumerate(FLOORS):
        if name == floor or name.startswith(floor + "."):
            return number
    return None


def violations(name, imports):
    """Imports that go up the house, across lessons, or out of a floor's reach."""
    floor, top = floor_of(name), name.split(".")[0]
    for other in imports:
        above = floor_of(other)
        if above is not None and floor is not None and above > floor:
            yield other
        if other.split(".")[0] in FOREIGN.get(top, ()):
            yield other
        if name.startswith("pages.") and other.startswith("pages."):
            mine, theirs = name.split(".")[1], other.split(".")[1]
            if mine != theirs and (other, mine) not in OFFERED:
                yield other


@each_module
def test_imports_go_one_way(name):
    source = PATHS[name].read_text(encoding="utf-8")
    wrong = violations(name, set(imported(source)) | pages_named(source))
    assert not sorted(wrong)


@each_module
def test_every_module_stands_on_a_floor(name):
    assert floor_of(name) is not None or name in ("gpt_core", "ui")


def test_the_check_would_catch_a_wrong_import():
    def wrong(name, source):
        return set(violations(name, set(imported(source)) | pages_named(source)))

    assert wrong("corpus.files", "import gpt_core.memory") == {"gpt_core.memory"}
    assert wrong("gpt_core.model.gpt", "import streamlit, torch") == {"streamlit"}
    assert wrong("gpt_core.model.gpt", "from gpt_core.training import run") == {
        "gpt_core.training.run"
    }
    assert wrong("ui.show.theme", "def f():\n    from ui.app import address") == {"ui.app.address"}
    assert wrong("pages.mlp.view", "from pages.heads import words") == {"pages.heads.words"}
    assert wrong("ui.app.links", "told('pages/home/page.py', 'A')") == {"pages.home.page"}
    assert not wrong("pages.mlp.view", "from pages.mlp import words\nfrom ui.app import address")


def test_what_is_offered_is_used():
    used = {
        (other, name.split(".")[1])
        for name, path in PATHS.items()
        if name.startswith("pages.")
        for other in imported(path.read_text(encoding="utf-8"))
    }
    assert used >= OFFERED


def test_there_is_no_circle():
    """Between modules, also where one imports another only when it needs it."""
    graph = {
        name: {o for o in imported(path.read_text(encoding="utf-8")) if o in PATHS and o != name}
        for name, path in PATHS.items()
    }
    TopologicalSorter(graph).prepare()


def test_pages_holds_one_folder_a_lesson_and_nothing_else():
    from course.lessons import LESSONS

    kept = {p.name for p in (PROJECT / "pages").iterdir() if p.name != "__pycache__"}
    assert kept == {lesson.name for lesson in LESSONS}
    assert all((PROJECT / "pages" / name / "page.py").is_file() for name in kept)


def test_no_loose_module():
    """A newcomer finds the folder; only packages lie at the top of `ui` and `gpt_core`."""
    assert {p.name for p in (PROJECT / "ui").glob("*.py")} == {"__init__.py"}
    assert {p.name for p in (PROJECT / "gpt_core").glob("*.py")} == {
        "__init__.py",
        "__main__.py",
        "huggingface.py",
        "memory.py",
        "nanogpt.py",
    }


@each_module
def test_nothing_is_unpickled(name):
    source = PATHS[name].read_text(encoding="utf-8")
    names = {other.split(".")[0] for other in imported(source)}
    assert not {"pickle", "dill", "joblib", "shelve", "marshal"} & names
    assert "torch.load(" not in source


@each_module
def test_results_are_kept_by_one_cache(name):
    """Streamlit's can be emptied by any visitor, and counts results instead of their bytes."""
    source = PATHS[name].read_text(encoding="utf-8")
    assert not {"cache_resource", "cache_data"} & set(NAME.findall(source))


@each_module
def test_processes_start_and_pages_redraw_themselves_in_one_place_each(name):
    source = PATHS[name].read_text(encoding="utf-8")
    assert "run_every" not in source or name == "ui.app.watch"
    starts = name.startswith(("ui.", "pages.")) and "subprocess" in set(imported(source))
    assert not starts or name == "ui.services.process"


@each_module
def test_numbers_get_their_minus_sign_in_one_place(name):
    """Else a sentence that is turned as a whole turns the hyphens of tokens as well."""
    replaced = re.search(r"""replace\(["']-["'], *["']−""", PATHS[name].read_text(encoding="utf-8"))
    assert not replaced or name == "ui.show.numbers"


def file_names_in(source):
    """The files of a run that a source names."""
    own = {*(run_files.CONFIG, run_files.STATUS, run_files.METRICS, run_files.NOTES)}
    own |= {run_files.MODEL, run_files.STATE, run.CORPUS, run.TOKENIZER}
    constants = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return own & {node.value for node in constants}


@pytest.mark.parametrize("name", [n for n in PATHS if n.startswith(("ui", "pages", "course"))])
def test_the_app_leaves_a_run_s_files_to_the_run(name):
    assert file_names_in('open(folder / "status.json")') == {"status.json"}
    assert not file_names_in(PATHS[name].read_text(encoding="utf-8"))


def literal(node):
    """The text of a string, its placeholders left out; None for what is no string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(part) or "" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = [literal(side) for side in (node.left, node.right)]
        return None if sides == [None, None] else "".join(side or "" for side in sides)
    return None


def sentences(source):
    """The strings of a source that are sentences; docstrings, HTML and tables are none."""
    nodes = [ast.parse(source)]
    while nodes:
        node = nodes.pop()
        text = literal(node)
        if text is None:
            is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            nodes += [] if is_docstring else ast.iter_child_nodes(node)
        elif not text.lstrip().startswith(("<", "|")) and not text.endswith("</extra>"):
            is_long = len(text) > LONGEST_LABEL and " " in text
            if is_long or (len(text) > 25 and text.rstrip().endswith(".")):
                yield text


@pytest.mark.parametrize("name", [name for name in PATHS if name.startswith("pages.")])
def test_a_lesson_says_its_sentences_in_its_words(name):
    """A second language is a second words.py."""
    found = sorted(sentences(PATHS[name].read_text(encoding="utf-8")))
    assert "words" in name.split(".") or not found


CRAMPED = re.compile(r"(?<!\\n)(?<!\n)\$\$(?!\\n|\n)")


@pytest.mark.parametrize("name", [name for name in PATHS if name.startswith("pages.")])
def test_a_formula_of_its_own_is_not_set_as_in_a_line(name):
    """Streamlit sets $$…$$ in one line as it sets $…$: with letters that are too small to read."""
    assert CRAMPED.search('"$$x$$"') and not CRAMPED.search('"$$\\nx\\n$$"')
    assert not CRAMPED.search(PATHS[name].read_text(encoding="utf-8"))


def test_the_check_would_catch_a_sentence():
    long = "many words " * 9
    assert not [*sentences("st.button('Choose a token.')"), *sentences(f"def f():\n    '{long}'")]
    assert not [*sentences(f"st.html('<p>{long}</p>')")]
    assert [*sentences(f"st.button('{long}')")] == [long]
    cut = "st.info(f'{n} tokens ' + 'are left out of this picture.')"
    assert [*sentences(cut)] == [" tokens are left out of this picture."]


def test_the_readme_lists_the_lessons_in_their_order():
    readme = (PROJECT / "README.md").read_text()
    rows = [row.split("|")[1].strip() for row in readme.splitlines() if row.startswith("| ")]
    listed = rows[rows.index("lesson") + 2 :][: len(LESSONS)]
    assert listed == [lesson.title for lesson in LESSONS]


@pytest.mark.parametrize(
    "lesson", [lesson for lesson in LESSONS if lesson.minutes], ids=lambda lesson: lesson.name
)
def test_every_lesson_has_its_frame(lesson):
    """A goal, a question to predict, something to try, three to test oneself, what one can do."""
    called = Counter(
        node.func.id
        for path in (PROJECT / "pages" / lesson.name).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )
    for part in ("goal", "try_this", "self_test", "you_can_now"):
        assert called[part] == 1, part
    assert called["predict"] + called["ask"] >= 1


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]])
def test_ruff(arguments):
    result = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "."], cwd=PROJECT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_slow_tests_that_are_listed_are_there():
    tests = PROJECT / "tests"
    listed = (tests / "slow.txt").read_text().split()
    assert not [name for name in listed if not (tests / name).is_file()]
