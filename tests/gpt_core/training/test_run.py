import json
import os
import struct
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from corpus.sitcom import whole_text
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training.config import TrainConfig
from gpt_core.training.data import TokenData
from gpt_core.training.run import MAX_SNAPSHOTS, Run
from gpt_core.training.run_files import MetricsFile, Record, RunError, Status
from gpt_core.training.text_source import SitcomText
from gpt_core.training.train_run import Interruption, train_run
from gpt_core.training.trainer import Trainer

TEXT = "the cat sat on the mat, and the dog sat on the cat.\n" * 20


def create(root, name="run", text=TEXT, model=None, recipe=None, **train):
    tokenizer = train_tokenizer("char", text)
    shape = {"vocab_size": tokenizer.vocab_size, "block_size": 8, "n_layer": 1, "n_head": 2}
    settings = {"steps": 8, "batch_size": 2, "eval_interval": 4, "eval_batches": 1}
    settings |= {"checkpoint_interval": 4, "sample_interval": 4, "snapshot_interval": 4}
    return Run.create(
        root,
        model_config=GPTConfig.from_dict(shape | {"n_embd": 24} | (model or {})),
        train_config=TrainConfig(**settings | train),
        tokenizer=tokenizer,
        text=text,
        corpus_name="the cat",
        name=name,
        recipe=recipe,
    )


@pytest.fixture
def trained(tmp_path):
    run = create(tmp_path)
    train_run(run, Interruption())
    return run


def contents(run):
    """What all files of a run hold, but for its lock, which is empty."""
    files = (path for path in run.path.rglob("*") if path.is_file() and path.name != "lock")
    return {path.relative_to(run.path).as_posix(): path.read_bytes() for path in files}


def error_of(call):
    with pytest.raises(RunError) as error:
        call()
    message = str(error.value)
    assert message and "\n" not in message and message.endswith(".")
    return message


def test_a_new_run_is_queued_and_remembers_what_went_in(tmp_path):
    run = create(tmp_path, text="où est le chat? \U0001f408\n" * 20)
    again = Run.open(run.path)
    assert again == run
    assert again.status() == Status("queued", 0, None)
    assert again.corpus["name"] == "the cat" and again.corpus["characters"] == 18 * 20
    assert again.text().startswith("où est le chat? \U0001f408")
    assert again.metrics() == []
    train, val = again.tokens()
    assert len(train) + len(val) == 18 * 20
    assert again.tokenizer().decode(train[:5].tolist()) == "où es"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run"]


def test_names(tmp_path):
    one, two = create(tmp_path, name=None), create(tmp_path, name=None)
    assert one.path != two.path
    create(tmp_path, "a")
    assert "exists already" in error_of(lambda: create(tmp_path, "a"))
    for bad in ("../b", "a/b", ".b", "a\\b" if os.name == "nt" else "/b"):
        assert "can't be called" in error_of(lambda bad=bad: create(tmp_path, bad))


def test_what_does_not_fit_is_refused_and_leaves_nothing(tmp_path):
    assert "needs at least 9" in error_of(lambda: create(tmp_path, text="cat " * 10))
    error_of(lambda: create(tmp_path, model={"vocab_size": 99}))
    assert list(tmp_path.iterdir()) == []


def test_a_finished_run(trained):
    assert trained.status() == Status("finished", 8, None)
    metrics = trained.metrics()
    assert [m.step for m in metrics if m.loss is not None] == list(range(1, 9))
    assert [m.step for m in metrics if m.val_loss is not None] == [0, 4, 8]
    assert [m.step for m in metrics if m.sample is not None] == [4, 8]
    assert {name for name, value in vars(metrics[1]).items() if value is not None} == {
        *("step", "loss", "lr", "grad_norm", "tokens_per_s", "elapsed")
    }
    assert trained.snapshots() == [0, 4, 8]
    names = {p.name for p in trained.path.iterdir()}
    assert names == {
        *("config.json", "tokenizer.json", "corpus.txt", "metrics.jsonl", "status.json"),
        *("snapshots", "model.safetensors", "state.safetensors", "lock"),
    }


def test_every_snapshot_has_its_measured_loss(tmp_path):
    run = create(tmp_path, steps=30, snapshot_interval=25, eval_interval=10)
    assert train_run(run, Interruption()).state == "finished"
    assert run.snapshots() == [0, 16, 25, 30]
    assert [m.step for m in run.metrics() if m.val_loss is not None] == [0, 10, 16, 20, 25, 30]


@pytest.mark.parametrize(("document_starts", "start"), [(True, "\n\n\n"), (False, "\n")])
def test_samples_begin_as_the_pieces_do(tmp_path, monkeypatch, document_starts, start):
    begun = []
    monkeypatch.setattr(
        "gpt_core.training.train_run.generate", lambda _, ids, __: begun.append(ids) or []
    )
    run = create(tmp_path, text=whole_text(1, 20), steps=4, document_starts=document_starts)
    assert train_run(run, Interruption()).state == "finished"
    assert [run.tokenizer().decode(ids) for ids in begun] == [start]


def test_the_published_model_predicts_like_the_trained_one(trained):
    trainer = Trainer(GPT(trained.model_config), TokenData(*trained.tokens()), trained.train_config)
    trainer.load_state_dict(trained.load_state(trainer.state_dict()))
    idx = torch.arange(8)[None]
    expected, _ = trainer.model.eval()(idx)
    model = trained.load_model()
    assert not model.training
    assert torch.equal(model(idx)[0], expected)
    torch.testing.assert_close(trained.load_model(8)(idx)[0], expected, atol=1e-2, rtol=0)
    assert not torch.allclose(trained.load_model(0)(idx)[0], expected, atol=1e-2)
    assert not any(t.is_floating_point() and t.dtype != torch.float32 for t in model.parameters())


def test_snapshots_take_less_space_and_survive_large_weights(trained):
    whole = (trained.path / "model.safetensors").stat().st_size
    small = (trained.path / "snapshots" / "step_000008.safetensors").stat().st_size
    assert small < 0.6 * whole  # tiny matrices: names and scales weigh more than usual
    model = trained.load_model()
    model.wte.weight.data[0, 0] = 1e6  # beyond float16
    trained.save_snapshot(model, 9)
    assert trained.load_model(9).wte.weight[0, 0].item() == pytest.approx(1e6, rel=0.01)


def test_the_number_of_snapshots_is_bounded(tmp_path):
    steps = create(tmp_path, steps=100_000, snapshot_interval=1).snapshot_steps()
    assert (steps[0], steps[-1]) == (0, 100_000)
    assert len(steps) <= MAX_SNAPSHOTS + 1  # what was there before the first step, too
    assert steps[:7] == [0, 16, 32, 64, 128, 256, 1667]
    assert create(tmp_path, "none", snapshot_interval=0).snapshot_steps() == []
    few = create(tmp_path, "few", steps=11, snapshot_interval=5)
    assert few.snapshot_steps() == [0, 5, 10, 11]
    near = create(tmp_path, "near", steps=90, snapshot_interval=35)
    assert near.snapshot_steps() == [0, 16, 35, 70, 90]


def test_a_large_model_keeps_few_snapshots(tmp_path, monkeypatch):
    run = create(tmp_path, steps=1000, snapshot_interval=10)
    size = GPT(run.model_config).num_parameters()
    monkeypatch.setattr("gpt_core.training.run.MAX_SNAPSHOT_BYTES", 3 * size)
    assert run.snapshot_steps() == [0, 334, 668, 1000]


def test_a_torn_last_line_is_skipped_and_cut_when_training_goes_on(tmp_path):
    run = create(tmp_path, steps=8)
    stop = Interruption()
    train_run(run, stop, lambda record: record.step == 6 and stop.set("paused", "Paused."))
    assert run.status() == Status("paused", 6, "Paused.")
    with (run.path / "metrics.jsonl").open("ab") as file:
        file.write(b'{"step": 7, "loss": 1.0}\n{"step": 8, "lo')
    assert run.metrics()[-1] == Record(7, loss=1.0)
    train_run(run, Interruption())
    steps = [m.step for m in run.metrics() if m.loss is not None]
    assert steps == list(range(1, 9))
    assert run.metrics()[-1].step == 8


def test_metrics_are_read_from_where_one_left_off(trained):
    file = MetricsFile(trained.path)
    assert list(file.read()) == [None, *trained.metrics()] and list(file.read()) == []
    trained.append_metrics(Record(9, sample="new\nlines and ünïcode \ud800"))
    assert list(file.read()) == [Record(9, sample="new\nlines and ünïcode ?")]


def test_stopping_and_going_on_gives_the_same_losses(tmp_path):
    straight = create(tmp_path, "straight", model={"dropout": 0.2})
    train_run(straight, Interruption())
    broken = create(tmp_path, "broken", model={"dropout": 0.2})
    for end in (2, 5):
        stop = Interruption()
        train_run(
            broken, stop, lambda r, s=stop, end=end: r.step == end and s.set("paused", "Paused.")
        )
    train_run(broken, Interruption())

    def losses(run):
        return [replace(m, tokens_per_s=None, elapsed=None) for m in run.metrics()]

    assert losses(broken) == losses(straight)
    assert broken.snapshots() == straight.snapshots()


def test_a_diverged_run_says_why_and_keeps_its_last_good_checkpoint(tmp_path):
    wild = {"norm": "none", "activation": "relu2", "n_layer": 4}
    settings = {"steps": 60, "learning_rate": 100.0, "warmup_steps": 0, "checkpoint_interval": 1}
    run = create(tmp_path, model=wild, **settings)
    status = train_run(run, Interruption())
    assert status.state == "diverged" and 1 <= status.step < 60
    assert f"diverged at step {status.step + 1}: the first number" in status.reason
    losses = [m for m in run.metrics() if m.loss is not None]
    assert [m.step for m in losses] == list(range(1, status.step + 1))
    trainer = Trainer(GPT(run.model_config), TokenData(*run.tokens()), run.train_config)
    trainer.load_state_dict(run.load_state(trainer.state_dict()))  # refuses what is not finite
    assert trainer.step == status.step
    assert torch.isfinite(run.load_model().wte.weight).all()
    assert train_run(run, Interruption()) == status  # the same again


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("config.json", b"", "is damaged: it is no valid JSON."),
        ("config.json", b"[1]", "must be a JSON object."),
        ("config.json", b'{"format": 2}', "a format that this version can't read."),
        ("config.json", b"[" * 100_000, "no valid JSON."),
        ("config.json", b'{"format": 1, "model": {"vocab_size": 1e999}}', "whole number."),
        ("config.json", b'{"format": 1, "model": {"vocab_size": NaN}}', "no valid JSON."),
        ("config.json", b"\xff\xfe\x00", "no valid JSON."),
        ("status.json", b'{"state": "asleep", "step": 1}', "status.json of run is damaged."),
        ("status.json", b'{"state": "paused", "step": -1}', "status.json of run is damaged."),
        ("metrics.jsonl", b'{"step": 1, "loss": NaN}\n', "no valid JSON."),
        ("metrics.jsonl", b'{"loss": 1}\n', "has no step."),
        ("metrics.jsonl", b'null\n{"step": 1}\n', "must be a JSON object."),
        ("tokenizer.json", b'{"format": 1, "kind": "char"}', ""),
        ("corpus.txt", b"another text", "is not the text that the run began with."),
        ("corpus.txt", b"\xff\xff", "is missing or no text."),
    ],
)
def test_damaged_files_get_one_sentence(trained, file, content, words):
    (trained.path / file).write_bytes(content)

    def read_everything():
        run = Run.open(trained.path)
        run.status(), run.metrics(), run.tokens()

    assert words in error_of(read_everything)


def header_of(path):
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def with_header(path, header, rest):
    encoded = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + rest)


def edits():
    def truncate(path):
        path.write_bytes(path.read_bytes()[:-10])

    def empty(path):
        path.write_bytes(b"")

    def no_header(path):
        path.write_bytes(b"\xff" * 200)

    def huge_header(path):
        path.write_bytes(struct.pack("<Q", 2**62) + b"{}")

    def huge_shape(path):
        header, rest = header_of(path)
        name = next(n for n in header if n != "__metadata__" and n.endswith("wte.weight"))
        header[name]["shape"] = [2**40, 2**20]
        with_header(path, header, rest)

    def other_shape(path):
        header, rest = header_of(path)
        name = next(n for n in header if n.endswith("wte.weight"))
        header[name]["shape"].reverse()
        with_header(path, header, rest)

    def renamed(path):
        header, rest = header_of(path)
        name = next(n for n in header if n.endswith("wte.weight"))
        header["surprise"] = header.pop(name)
        with_header(path, header, rest)

    def not_finite(path):
        content = path.read_bytes()
        path.write_bytes(content[:-4] + struct.pack("<f", float("nan")))

    return [truncate, empty, no_header, huge_header, huge_shape, other_shape, renamed, not_finite]


@pytest.mark.parametrize("edit", edits(), ids=lambda e: e.__name__)
def test_damaged_weights_get_one_sentence(trained, edit):
    path = trained.path / "model.safetensors"
    edit(path)
    message = error_of(lambda: Run.open(trained.path).load_model())
    assert message.startswith("The weights of run can't be loaded: model.safetensors")


@pytest.mark.parametrize("edit", edits(), ids=lambda e: e.__name__)
def test_a_damaged_state_changes_nothing(trained, edit):
    edit(trained.path / "state.safetensors")
    before = contents(trained)
    assert "run can't continue" in error_of(lambda: train_run(trained, Interruption()))
    assert contents(trained) == before


@pytest.mark.parametrize("step", [-1.0, 9.0, 1e300, 2.5])
def test_a_state_from_an_impossible_step_is_refused(trained, step):
    trainer = Trainer(GPT(trained.model_config), TokenData(*trained.tokens()), trained.train_config)
    progress = torch.tensor([step, 0.0], dtype=torch.float64)
    trained.save_state(trainer.state_dict() | {"progress": progress})
    assert "the saved step is not one" in error_of(lambda: train_run(trained, Interruption()))


def test_missing_files(trained, tmp_path):
    assert "There is no run in" in error_of(lambda: Run.open(tmp_path / "nowhere"))
    assert "is missing." in error_of(lambda: trained.load_model(5))
    (trained.path / "model.safetensors").unlink()
    assert "model.safetensors is missing." in error_of(trained.load_model)
    (trained.path / "tokenizer.json").unlink()
    error_of(trained.tokenizer)


@pytest.mark.parametrize("position", ["learned", "sinusoidal", "rope"])
def test_a_config_of_another_model_is_found_before_memory_is_taken(trained, position):
    config = json.loads((trained.path / "config.json").read_text())
    config["model"] |= {"n_embd": 65_536, "block_size": 131_072, "position": position}
    (trained.path / "config.json").write_text(json.dumps(config))
    assert "can't be loaded" in error_of(lambda: Run.open(trained.path).load_model())


@given(st.binary(max_size=200))
def test_any_bytes_as_metrics_give_records_or_a_run_error(content):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), GPTConfig(vocab_size=2), TrainConfig(), {}, "")
        (run.path / "metrics.jsonl").write_bytes(content)
        try:
            records = run.metrics()
        except RunError:
            return
        assert len(records) <= content.count(b"\n")


@pytest.fixture
def of_the_sitcom(tmp_path):
    text = whole_text(3, 5)
    run = create(tmp_path, text=text, recipe=SitcomText(3, 5))
    (run.path / "corpus.txt").unlink()
    return Run.open(run.path), text


def change_corpus(run, **corpus):
    config = json.loads((run.path / "config.json").read_text())
    config["corpus"] |= corpus
    (run.path / "config.json").write_text(json.dumps(config))
    return Run.open(run.path)


def test_a_generated_text_needs_no_file(of_the_sitcom):
    run, text = of_the_sitcom
    assert run.corpus["sitcom"] == {"seed": 3, "scenes": 5} and run.recipe() == SitcomText(3, 5)
    assert run.text() == text
    assert sum(map(len, run.tokens())) == len(text)
    assert create(run.path.parent, "other").recipe() is None


def test_a_recipe_of_another_text_is_refused(of_the_sitcom):
    run = change_corpus(of_the_sitcom[0], sitcom={"seed": 4, "scenes": 5})
    assert "5 scenes and seed 4, by today's plots, is not the text" in error_of(run.text)
    (run.path / "corpus.txt").write_text("something else")
    assert "corpus.txt of run is not the text" in error_of(run.text)


@pytest.mark.parametrize(
    "recipe",
    [[3, 5], {}, {"seed": 3}, {"seed": 3, "scenes": True}, {"seed": 3, "scenes": 10**9}]
    + [{"seed": "3", "scenes": 5}, {"seed": 3, "scenes": 0}],
)
def test_a_damaged_recipe_is_refused(of_the_sitcom, recipe):
    assert "damaged recipe" in error_of(change_corpus(of_the_sitcom[0], sitcom=recipe).text)
