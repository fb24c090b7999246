"""The teacher's page: a sheet for every lesson, exercises whose numbers are computed here again."""

import re
from collections import Counter
from urllib.parse import parse_qsl, urlsplit

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from corpus.sitcom.text import generated
from course.lessons import LESSONS
from gpt_core.bundled import bundled_run_path
from gpt_core.training.run import Run
from pages.teach import words
from pages.teach.ways import shares
from tests.helpers import app_at, said

COURSE = [lesson for lesson in LESSONS if lesson.minutes]


def t(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def digits(tensor, form):
    """Numbers as the sheets write them."""
    listed = tensor.reshape(-1).tolist() if isinstance(tensor, torch.Tensor) else [tensor]
    return [format(x, form).replace("-", "−") for x in listed]


def home():
    return digits(100 * t(2, 1, 0).softmax(0), ".1f")


def data():
    word = "abracadabra"
    after = Counter(b for a, b in zip(word, word[1:], strict=False) if a == "a")
    return digits(after["b"] / after.total(), ".2f")


def tokenization():
    text = list("banana bandana")
    pairs = Counter(zip(text, text[1:], strict=False))
    assert pairs.most_common(1)[0] == (("a", "n"), 4)
    left = "banana bandana".replace("an", "#")
    shown = "·".join({"#": "an", " ": "␣"}.get(c, c) for c in left)
    return [f"{pairs['n', 'a']} times", f"{pairs['b', 'a']} times", f"{len(left)} tokens", shown]


def surprise():
    mean = -t(0.5, 0.25, 0.125, 0.125).log2().mean()
    return digits(mean, ".2f") + digits(2**mean, ".2f")


def embeddings():
    return digits(torch.cosine_similarity(t(1, 2, 2), t(2, 0, 1), dim=0), ".3f")


def averaging():
    weights = t(2, 0, -torch.inf).softmax(0)
    return digits(weights[:2], ".3f") + digits(weights @ t(10, 20, 30), ".2f")


def attention():
    q, v = t(1, 0, 1, 2)[None], t(10, 20, 40)[:, None]
    k = torch.stack([t(2, 1, 0, 0), t(0, 1, 2, 1), t(0, 3, 0, 0)])
    weights = (q @ k.T / 2).softmax(1)
    out = torch.nn.functional.scaled_dot_product_attention(q[None], k[None], v[None])
    return digits(weights, ".3f") + digits(out, ".2f")


def positions():
    def at(place):
        return torch.polar(t(1), torch.deg2rad(t(60.0 * place)))

    return digits(torch.cat([(at(a) * at(b).conj()).real for a, b in ((1, 2), (1, 3))]), ".2f")


def heads():
    w, z = torch.stack([t(1, 0, 2, 0), t(0, 1, 0, 1)]), t(1, 2, 3, 0)
    parts = [w[:, :2] @ z[:2], w[:, 2:] @ z[2:], w @ z]
    return [f"({a:g}, {b:g})" for a, b in (part.tolist() for part in parts)]


def mlp():
    up = torch.stack([t(1, 1), t(-1, -1), t(3, 1)])
    down, x = torch.stack([t(1, 0), t(0, 2), t(1, 1)]), t(1, -2)
    added = torch.relu(up @ x) @ down
    return [f"({a:g}, {b:g})" for a, b in (added.tolist(), (x + added).tolist())]


def residual():
    parts = torch.stack([t(1, 0), t(0, 2), t(-1, 1)])
    a, b, c = digits(parts @ t(2, 1), "g")
    return [f"{a}, {b} and {c}", f"is {(parts.sum(0) @ t(2, 1)).item():g}"]


def layernorm():
    x = t(1, 3, 5, 11)
    normed = torch.nn.functional.layer_norm(x, (4,), eps=0)
    return digits(normed, ".2f") + digits(torch.nn.functional.rms_norm(x, (4,), eps=0), ".2f")


def training():
    return digits(t(96).log2(), ".2f") + digits(t(96).log(), ".2f")


def one_step():
    found = []
    for rate in (0.1, 1.1):
        w = t(1).requires_grad_()
        ((w - 3) ** 2).sum().backward()
        moved = w.detach() - rate * w.grad
        found += [f"{moved.item():g}", f"{((moved - 3) ** 2).item():.2f}"]
        if rate == 0.1:
            found += digits(rate * w.grad**2, ".2f") + digits(4 - (moved - 3) ** 2, ".2f")
    return found


def sample():
    logits = t(2, 1, 0)
    sharp = (logits / 0.5).softmax(0)
    found = digits(logits.softmax(0), ".3f") + digits(sharp, ".3f")
    assert sharp[0] < 0.9 <= sharp[:2].sum()
    return found + digits(sharp[:2].sum(), ".3f") + digits(sharp[:2] / sharp[:2].sum(), ".3f")


def evaluation():
    return digits(3 / 3, ".2f") + digits(t(3).log2(), ".2f")


def tuning():
    difference = t(2.10, 2.20, 2.15) - t(2.05, 2.16, 2.14)
    error = difference.std() / 3**0.5
    assert difference.mean() < 4.303 * error
    wanted = (difference.mean(), difference.std(), error, 4.303 * error)
    return [text for number in wanted for text in digits(number, ".3f")]


def lean():
    weights = t(0.70, -0.33, 0.12, 0.02)
    scale = weights.abs().max() / 7
    whole = (weights / scale).round()
    errors = digits((whole * scale - weights).abs(), ".2f")
    return [", ".join(digits(whole, "g")), ", ".join(errors)]


def fine_tuning():
    rows = torch.outer(t(1, 2), t(3, 0, 1)).tolist()
    shown = [f"({a:g}, {b:g}, {c:g})" for a, b, c in rows]
    return [*shown, f"{8 * (128 + 512):,}", f"{128 * 512:,}", f"{100 * 8 * 640 / 65536:.1f}%"]


def head_importance():
    shares = t(0.5, 0.3, 0.4, 0.4)
    error = shares.std() / 2
    found = digits(shares.mean(), ".2f") + digits(shares.std(), ".3f") + digits(error, ".3f")
    return found + digits((shares.mean() - 0.1) / error, ".1f")


def patching():
    return digits(100 * (1.0 - 0.0) / (1.0 - -3.0), ".0f")


def head_born():
    return digits(torch.cat([t(32).log2().repeat(8), torch.zeros(8)]).mean(), ".1f")


def normalization():
    x = torch.stack([t(1, 3), t(5, 11)])
    layer = torch.nn.functional.layer_norm(x, (2,), eps=0)
    batch = torch.nn.functional.batch_norm(x, None, None, training=True, eps=1e-12)
    rows = [digits(row, ".0f") for norm in (layer, batch) for row in norm]
    return [f"({a}, {b})" for a, b in rows]


def sitcom():
    return digits(0.99**100, ".3f")


def scrape():
    return digits(1.5 * 23, ".1f") + digits(100 * 150 / 6000, ".1f")


def test_there_is_a_sheet_for_every_lesson_and_no_other():
    assert set(words.SHEETS) == {lesson.name for lesson in COURSE}


@pytest.mark.parametrize("name", words.SHEETS)
def test_the_numbers_of_the_exercise_by_hand(name):
    """They stand in the solution, in the order in which they are computed or close to it."""
    solution = words.SHEETS[name].by_hand.solution
    missing = [number for number in globals()[name]() if number not in solution]
    assert not missing, solution


EQUATION = re.compile(
    r"(?<![·/+−=] )(?<![\w.(])([\d.]+(?: [·/+−] [\d.]+)+) = (−?\d+(?:\.\d+)?)(%?)"
)


@pytest.mark.parametrize("name", words.SHEETS)
def test_what_is_written_out_comes_out_as_written(name):
    """A pupil who types the line into a calculator gets the number beside it."""
    about = words.SHEETS[name]
    for solution in (about.by_hand.solution, about.other.solution):
        for line, result, percent in EQUATION.findall(re.sub(r"(?<=\d),(?=\d{3})", "", solution)):
            value = eval(line.replace("·", "*").replace("−", "-"), {"__builtins__": {}})
            value *= 100 if percent else 1
            places = len(result.partition(".")[2])
            assert format(value, f".{places}f") == result.replace("−", "-"), f"{line} = {value}"


def test_the_one_matrix_that_does_what_the_mlp_without_its_curve_does():
    up = torch.stack([t(1, 1), t(-1, -1), t(3, 1)])
    down, x = torch.stack([t(1, 0), t(0, 2), t(1, 1)]), t(1, -2)
    one = down.T @ up
    solution = words.SHEETS["mlp"].other.solution
    shown = [f"({a:g}, {b:g})".replace("-", "−") for a, b in [*one.tolist(), (one @ x).tolist()]]
    assert all(row in solution for row in shown), shown


@given(st.lists(st.integers(1, 60), min_size=1, max_size=30), st.integers(10, 200))
def test_shares_of_a_lesson_s_time(minutes, total):
    found = shares(minutes, total)
    assert sum(found) == min(total, sum(minutes))
    wanted = [m * min(1, total / sum(minutes)) for m in minutes]
    assert all(abs(a - b) < 1 for a, b in zip(found, wanted, strict=True))


def test_the_three_ways_in_the_course_s_own_minutes():
    app = app_at("teach")
    app.run()
    assert not app.exception
    six = {
        lesson.name: lesson.minutes
        for lesson in COURSE
        if lesson.name in words.PLANS["45 minutes"][0]
    }
    assert f"take {sum(six.values())} minutes" in said(app)
    labels = [expander.label for expander in app.expander if "·" in expander.label]
    assert len(labels) == 6 and "**Attention** · 25 minutes" in labels
    app.button_group(key="teach_way").set_value(words.WHOLE).run()
    text = said(app)
    total = sum(lesson.minutes for lesson in COURSE)
    assert f"Home and {len(COURSE) - 1} lessons, {total} minutes" in text
    for lesson in COURSE:  # every task twice: on the sheet and on the worksheet; solutions once
        about = words.SHEETS[lesson.name]
        assert text.count(about.by_hand.task) == 2 and text.count(about.by_hand.solution) == 1


def test_privacy_says_this_server_s_own_days(monkeypatch):
    assert "older than 2 days" in " ".join(words.privacy(2.0, True, 9, 12.0))
    assert "a private computer" in words.privacy(365, False, 9, 12.0)[0]


def test_what_a_teacher_has_in_class_names_the_lessons_that_compare():
    app = app_at("teach").run()
    titles = [lesson.title for lesson in COURSE if lesson.compares]
    (compare,) = [line for line in said(app).split("\n") if "**Compare**" in line]
    assert all(title in compare for title in titles)


def test_only_a_private_computer_is_said_to_wait_for_a_class():
    assert "one sentence" not in words.join(True) + " ".join(words.in_class(True, ["A", "B"]))
    assert "one sentence" in words.join(False) and "one sentence" in words.in_class(False, "AB")[0]


FEW = ("averaging", "sample", "normalization")


@pytest.mark.parametrize("name", [*FEW, *(n for n in words.SHEETS if n not in FEW)])
def test_a_sheet_s_link_opens_the_lesson_in_that_state(name, thorough, tmp_path, monkeypatch):
    """Every value of the address is one that the lesson's own widgets have then."""
    if name not in FEW and not thorough:
        pytest.skip("with --thorough")
    monkeypatch.setenv("GPT_RUNS", str(tmp_path))
    state = words.SHEETS[name].state
    app = app_at(name)
    app.query_params.update(state)
    app.run()
    assert not app.exception
    shown = app.session_state["texts_of_widgets"]
    assert {key: shown.get(key) for key in state if key != "head"} == {
        key: value for key, value in state.items() if key != "head"
    }


def test_links_carry_the_state():
    from pages.teach.ways import address_of

    parts = urlsplit(address_of("attention", {"head": "1.0"}, "http://host/app/teach?x=1"))
    assert parts.path == "/app/attention" and parse_qsl(parts.query) == [("head", "1.0")]
    assert urlsplit(address_of("home", {}, "http://host/app/teach")).path == "/app/"


def test_what_sheets_say_of_recorded_models_is_recorded():
    from gpt_core.bundled.record import load

    models = load("causal_mask")["value"]["models"]
    assert "It would be better" in words.SHEETS["averaging"].wrong[1][1]
    assert models["no mask"]["loss"] < models["mask"]["loss"]  # the answer is copied
    assert models["no mask"]["hidden"] > models["mask"]["hidden"]  # where it can't be: when writing
    assert "looks at the token just before" in words.SHEETS["attention"].other.task
    heads = load("head_roles")["value"]["heads"]
    assert any("previous token" in head["roles"] for head in heads)


def test_tokens_that_never_come_are_one_another_s_neighbours():
    """As one table reads and predicts, their rows move too, and all the same way."""
    assert "tokens that its text never uses" in words.SHEETS["embeddings"].other.solution
    run = Run.open(bundled_run_path())
    first, last = (run.load_model(step).wte.weight.detach() for step in (0, None))
    directions = torch.nn.functional.normalize(last, dim=1)
    cosines = (directions @ directions.T).fill_diagonal_(-1).amax(dim=1)
    used = torch.zeros(len(last), dtype=torch.bool)
    used[run.tokenizer().encode(generated(1, 500).text)] = True
    alike = cosines > 0.99
    assert alike.sum() > 100 and not (alike & used).any()
    assert (last - first)[alike].norm(dim=1).min() > 10 * first.norm(dim=1).max()
