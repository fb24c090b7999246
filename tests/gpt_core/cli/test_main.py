import io
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from corpus import from_upload
from gpt_core.cli.main import main, make_parser
from gpt_core.model.config import GPTConfig
from gpt_core.model.settings import about
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run
from tests.helpers import wait_for

PROJECT = Path(__file__).parents[3]
TEXT = "the cat sat on the mat, and the dog sat on the cat.\n" * 30
SMALL = ["--block-size", "16", "--n-layer", "1", "--n-head", "2", "--n-embd", "16"]
QUICK = ["--steps", "4", "--batch-size", "2", "--eval-batches", "1", "--sample-interval", "0"]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "cats.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def trained(tmp_path, text, capsys):
    folder = tmp_path / "runs" / "cats"
    assert main(["train", "--text", str(text), "--out", str(folder), *SMALL, *QUICK]) == 0
    assert "Finished after 4 steps." in capsys.readouterr().out
    return folder


def test_train_writes_what_was_asked_for(trained):
    run = Run.open(trained)
    assert run.status().state == "finished" and run.status().step == 4
    assert (run.model_config.n_embd, run.model_config.position) == (16, "rope")
    assert run.train_config == TrainConfig.from_preset(
        "modern", steps=4, batch_size=2, eval_batches=1, sample_interval=0
    )
    assert run.corpus["name"] == "cats.txt"


def read_as(text, folder, *options):
    """What a run learns of a file."""
    command = ["train", "--text", str(text), "--out", str(folder), *SMALL, *QUICK]
    assert main([*command, *options]) == 0
    return (folder / "corpus.txt").read_text(encoding="utf-8")


def test_a_text_is_read_as_the_app_reads_it(tmp_path, text, capsys):
    damaged = TEXT.replace("\n", " &amp;\r\n")
    text.write_bytes(damaged.encode("utf-8-sig"))
    assert read_as(text, tmp_path / "run") == TEXT.replace("\n", " &\n")
    assert from_upload("cats.txt", text.read_bytes()).text == TEXT.replace("\n", " &\n")
    shown = capsys.readouterr().out
    assert f"cats.txt, read as UTF-8: {len(damaged) + 1:,} characters came in" in shown
    for change in ("byte order mark removed", "line endings made uniform", "HTML entities"):
        assert change in shown
    assert "guess" not in shown


def test_a_guess_is_said_and_another_encoding_can_be_named(tmp_path, text, capsys):
    text.write_bytes((TEXT + "très fâché\n").encode("cp1252"))
    assert read_as(text, tmp_path / "run").endswith("très fâché\n")
    shown = capsys.readouterr().out
    assert "The encoding is a guess." in shown
    assert re.search("^  cp1252 .*très", shown, re.MULTILINE)
    assert len(re.findall("^  [a-z0-9_]+ .*tr.s f", shown, re.MULTILINE)) == 3
    assert read_as(text, tmp_path / "other", "--encoding", "Windows-1250").endswith("trčs fâché\n")
    assert "read as Windows-1250, Central European" in capsys.readouterr().out


@pytest.mark.parametrize(("tokenizer", "size"), [("word", "7"), ("bpe", "270")])
def test_train_with_other_tokenizers_and_presets(tmp_path, text, tokenizer, size):
    folder = tmp_path / "run"
    options = ["--tokenizer", tokenizer, "--vocab-size", size, "--preset", "classic", "--no-bias"]
    command = ["train", "--text", str(text), "--out", str(folder), *SMALL, *QUICK, *options]
    assert main(command) == 0
    run = Run.open(folder)
    assert run.tokenizer().kind == tokenizer and run.model_config.norm == "layernorm"
    assert run.model_config.bias is False
    assert main(["eval", "--run", str(folder)]) == 0


def test_a_finished_run_has_nothing_left_to_train(trained):
    before = (trained / "metrics.jsonl").read_bytes()
    assert main(["train", "--run", str(trained)]) == 0
    assert (trained / "metrics.jsonl").read_bytes() == before


def test_sample_prints_the_prompt_and_what_follows(trained, capsys):
    command = ["sample", "--run", str(trained), "--prompt", "the cat", "--tokens", "30"]
    assert main(command) == 0
    first = capsys.readouterr().out
    assert first.startswith("the cat") and len(first) == len("the cat") + 30 + 1
    assert main(command) == 0
    assert capsys.readouterr().out == first  # the same seed
    assert main([*command, "--seed", "2"]) == 0
    assert capsys.readouterr().out != first
    assert main([*command, "--temperature", "0", "--stop", "t"]) == 0
    assert "t" not in capsys.readouterr().out.removeprefix("the cat")


def test_eval_prints_what_the_model_itself_says(trained, capsys):
    assert main(["eval", "--run", str(trained)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["split", "tokens", "nats/token", "bits/char", "perplexity"]
    train, val = rows[1:]
    assert (train[0], train[1], val[0], val[1]) == ("train", "1,404", "validation", "156")
    loss, bits, perplexity = (float(value) for value in val[2:])
    assert bits == pytest.approx(loss / 0.6931, rel=1e-3)  # one token is one character
    assert perplexity == pytest.approx(2.71828**loss, rel=1e-3)
    assert main(["eval", "--run", str(trained), "--step", "0"]) == 0
    before = float(capsys.readouterr().out.splitlines()[2].split()[2])
    assert before > loss


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["train"], "Name a text with --text FILE"),
        (["train", "--text", "nowhere.txt"], "nowhere.txt can't be read: No such file"),
        (["train", "--text", "{text}", "--encoding", "klingon"], "There is no encoding 'klingon'"),
        (["train", "--run", "{text}", "--encoding", "cp1252"], "--encoding can't take effect"),
        (["train", "--sitcom-scenes", "9", "--encoding", "cp1252"], "without --text"),
        (["import", "gpt2", "--out", "{text}x", "--encoding", "cp1252"], "without --text"),
        (["train", "--text", "{text}", "--n-layer", "0"], "n_layer is 0; it must be between"),
        (
            ["train", "--text", "{text}", "--n-layer", "two"],
            "--n-layer: 'two' is not a whole number",
        ),
        (["train", "--text", "{text}", "--dropout", "0,1"], "--dropout: '0,1' is not a number"),
        (["train", "--text", "{text}", "--norm", "group"], "invalid choice: 'group'"),
        (["train", "--text", "{text}", "--block-size", "9999"], "a context of 9,999 needs"),
        (["train", "--text", "{text}", "--out", "{text}"], "exists already"),
        (["train", "--run", "nowhere"], "There is no run in nowhere"),
        (["train", "--text", "{text}", "--device", "abacus"], "abacus"),
        (["sample", "--run", "nowhere"], "There is no run in nowhere"),
        (["eval"], "arguments are required: --run"),
        (["dance"], "invalid choice: 'dance'"),
        ([], "arguments are required"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_gets_one_sentence_and_exit_code_2(command, words, text, tmp_path, capsys):
    # Settings that are refused leave no folder behind.
    command = [part.format(text=text) for part in command]
    if command[:2] == ["train", "--text"] and "--out" not in command:
        command += ["--out", str(tmp_path / "out")]
    try:
        code = main(command)
    except SystemExit as error:
        code = error.code
    complaint = capsys.readouterr().err
    assert code == 2
    assert words in complaint and len(complaint.splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            "train --run {run} --steps 5 --batch-size 4",
            "--steps and --batch-size can't take",
        ),
        ("train --run {run} --no-bias --out x", "--out and --no-bias can't take effect with --run"),
        ("train --run {run} --preset modern", "--preset can't"),
        ("train --run {run} --sitcom-seed 1", "--sitcom-seed can't"),
        ("train --run {run} --text {text}", "--text and --run exclude each other"),
        ("train --run {run} --threads 0", "--threads is 0; it must be between 1"),
        ("train --run {run} --device meta", "no device 'meta'"),
        ("train --run {run} --device cuda:99", "no device 'cuda:99'"),
        ("train --text {text} --sitcom-scenes 3", "--text and --sitcom-scenes exclude each other"),
        ("train --text {text} --sitcom-seed 3", "--sitcom-seed can't take effect without"),
        ("train --text {text} --vocab-size 4", "each of the 15 different ones in this text"),
        ("train --text {text} --vocab-size 4000", "--vocab-size can't take effect with characters"),
        ("train --text {text} --tokenizer word --vocab-size 3", "73% of this text's words would"),
        ("train --text {text} --tokenizer word --vocab-size 300", "has only 12 tokens of that"),
        ("train --text {text} --tokenizer word --vocab-size 1", "must be at least 2"),
        ("train --text {text} --tokenizer bpe --vocab-size 255", "must be at least 256"),
        ("train --text {text} --tokenizer bpe --vocab-size 9999", "tokens of that kind"),
        ("train --text {text} --preset classic --momentum 0.5", "choose --optimizer muon for it"),
        ("train --text {text} --preset classic --cooldown 0.5", "choose --schedule linear for it"),
        ("train --text {text} --preset notebook --min-lr-ratio 0.5", "choose another --schedule"),
        ("train --text {text} --norm none --norm-position post", "choose another --norm for it"),
        ("train --text {text} --ngram-rows 50", "with ngrams 0; choose another --ngrams"),
        ("train --text {text} --document-starts --block-size 8", "The text has no documents"),
        ("train --text {text} --steps -1", "steps is -1"),
        ("train --text {text} --learning-rate nan", "learning_rate is nan"),
        ("train --text {folder}", "can't be read"),
        ("train --text {text} --out {folder}/.x", "begins with a dot"),
        ("train --text {text} --out .", "can't be called ''"),
        ("train --text {text} --out {text}/x", "can't be written: Not a directory"),
        ("sample --run {run} --temperature nan", "temperature is nan"),
        ("sample --run {run} --top-k 0", "top_k is 0"),
        ("sample --run {run} --top-p 2", "top_p is 2.0"),
        ("sample --run {run} --tokens -1", "--tokens is -1; it must be between 1 and"),
        ("sample --run {run} --temperature 0 --top-k 3", "--top-k can't take effect with"),
        ("sample --run {run} --temperature 0 --seed 3", "--seed can't take effect with"),
        ("sample --run {run} --step 3", "kept no weights at step 3; it kept 0, 4."),
        ("sample --run {text}", "There is no run in"),
        ("eval --run {run} --json x.json --seed 1", "--seed and --json can't take effect without"),
        ("eval --run {run} --temperature 1", "--temperature can't take effect without --scenes"),
        ("eval --run {run} --held-out-seed 1", "--held-out-seed can't take effect without"),
        ("eval --run {run} --scenes 0", "--scenes is 0"),
        ("eval --run {run} --scenes 1 --sitcom-scenes 1", "the run says itself what it learned"),
        ("eval --run {run} --scenes 1 --json x --out ./x", "name the same file"),
        ("eval --run {run} --scenes 1 --json {folder}/no/x", "no/x can't be read or written"),
        ("eval --run {run} --scenes 1 --json {folder}", "is a directory"),
        ("eval --run {run} --scenes 1 --step 3", "kept no weights at step 3"),
        ("import {folder} --out {run}", "exists already"),
        ("export {run} --out {text}", "can't be exported"),
    ],
    ids=lambda value: value if value.count(" ") and "--" in value else "",
)
def test_what_cannot_take_effect_or_be_meant_is_refused(
    command, words, trained, text, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    parts = [part.format(run=trained, text=text, folder=trained.parent) for part in command.split()]
    if parts[0] == "train" and "--run" not in parts and "--out" not in parts:
        parts += ["--out", str(tmp_path / "new")]
    assert main(parts) == 2
    complaint = capsys.readouterr().err
    assert words in complaint and len(complaint.splitlines()) == 1
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_what_is_said_can_be_typed(tmp_path, text, capsys):
    folder = tmp_path / "mein Lauf"
    assert main(["train", "--text", str(text), "--out", str(folder), *SMALL, *QUICK]) == 0
    hint = capsys.readouterr().out.splitlines()[-1].partition("python -m gpt_core ")[2]
    assert main([*shlex.split(hint), "--tokens", "3"]) == 0


@pytest.mark.parametrize(
    "options", [["--device", "cpu"], ["--threads", "1", "--device", "cpu"]], ids=" ".join
)
def test_where_a_run_goes_on_may_be_said(trained, options):
    assert main(["train", "--run", str(trained), *options]) == 0


def test_a_prompt_that_the_model_cannot_read_is_named(trained, capsys):
    assert main(["sample", "--run", str(trained), "--prompt", "the café", "--tokens", "1"]) == 0
    assert capsys.readouterr().err == "The model knows no 'f', 'é' and reads the unknown there.\n"


def test_a_new_run_lies_where_the_app_looks(tmp_path, text, monkeypatch):
    monkeypatch.setenv("GPT_RUNS", str(tmp_path / "elsewhere"))
    assert main(["train", "--text", str(text), *SMALL, *QUICK]) == 0
    assert len(list((tmp_path / "elsewhere").iterdir())) == 1


def test_sampling_settings_that_make_no_sense(trained, capsys):
    assert main(["sample", "--run", str(trained), "--temperature", "-1"]) == 2
    assert main(["sample", "--run", str(trained), "--prompt", ""]) == 2
    assert main(["sample", "--run", str(trained), "--step", "3"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_help_explains_every_setting(capsys):
    with pytest.raises(SystemExit) as exit_:
        make_parser().parse_args(["train", "--help"])
    assert exit_.value.code == 0
    shown = re.sub(r"\s+", " ", capsys.readouterr().out)
    explained = about(GPTConfig) | about(TrainConfig)
    assert set(explained) == {*GPTConfig(vocab_size=1).to_dict(), *TrainConfig().to_dict()}
    for name in set(explained) - {"vocab_size"}:
        assert f"--{name.replace('_', '-')}" in shown
        assert explained[name][:40] in shown.replace("- ", "-")
    assert "(classic 2000, modern" in shown
    assert "examples: python -m gpt_core train --text book.txt" in shown


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path, text):
    folder = tmp_path / "run"
    options = [*SMALL, *QUICK, "--steps", "100000", "--threads", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gpt_core", "train", "--text", text, "--out", folder, *options],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        metrics = folder / "metrics.jsonl"
        wait_for(lambda: metrics.exists() and metrics.read_bytes().count(b"\n") >= 5, 120, process)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    step = Run.open(folder).status().step
    assert process.returncode == 0 and step > 0
    assert f"Saved at step {step}. Go on: python -m gpt_core train --run {folder}" in output


def test_text_streams_whole_characters(tmp_path, text, monkeypatch):
    text.write_text("æøå日本語🐈 " * 200, encoding="utf-8")
    folder = tmp_path / "run"
    options = [*SMALL, *QUICK, "--tokenizer", "bpe", "--vocab-size", "256"]
    assert main(["train", "--text", str(text), "--out", str(folder), *options]) == 0
    written = []
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys.stdout, "write", lambda part: written.append(part) or len(part))
    assert main(["sample", "--run", str(folder), "--prompt", "日", "--tokens", "300"]) == 0
    assert written[0] == "日"
