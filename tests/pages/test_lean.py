"""The lesson on lean models, on several designs; its findings, where true and where not."""

from functools import partial

import pytest

from gpt_core.bundled import bundled_run_path
from gpt_core.bundled.record import load
from gpt_core.cli.main import main
from gpt_core.compression.rounding import GRIDS, nearest
from gpt_core.evaluation.paired import paired
from gpt_core.training.needs import grown, needs_of
from gpt_core.training.run import Run
from pages.lean import words
from pages.lean.results import Rounding, rounding_of
from tests.helpers import said, tables, write_run
from ui.services.models import load as load_model
from ui.show.numbers import number, percent


@pytest.fixture
def open_lean(open_at):
    return partial(open_at, "lean", prompt="OTTO: A duck?")


def guess(app, choice=words.UNSEEN):
    (question,) = [radio for radio in app.radio if radio.key.startswith("lean_bits")]
    question.set_value(choice).run()
    assert not app.exception
    return said(app)


def test_what_is_recorded_is_shown_after_the_guess(open_lean):
    app = open_lean()
    assert "Fewest bytes" not in said(app)
    text = guess(app)
    found = load("lean_switches")["value"]
    case = words.case_of(
        found["kinds"]["int8 per channel"]["rise"], found["kinds"]["float32"]["loss"][0]
    )
    assert ("✓ **Right.**" in text) == (case == words.UNSEEN)
    assert words.switched("int8 per channel", found) in text
    assert words.gptq_said(found) in text
    rows = [frame for frame in tables(app) if "kept or run as" in frame][0]
    assert len(rows) == len(found["kinds"])


def test_another_kind_stands_beside_the_plain_model(open_lean):
    app = open_lean(lean_share="80")
    guess(app)
    app.selectbox(key="lean_kind").set_value("int4 in groups").run()
    text, found = said(app), load("lean_switches")["value"]
    assert words.switched("int4 in groups", found) in text
    assert found["kinds"]["int4 in groups"]["sample"].strip("\n") in "".join(
        c.value for c in app.code
    )
    pruning, samples = load("lean_pruning")["value"], "".join(c.value for c in app.code)
    assert words.at_share(0.8, pruning) in text and words.zeros_or_removal(pruning) in text
    place = pruning["shares"].index(0.8)
    for points in pruning["curves"].values():
        assert points[place]["sample"].strip("\n") in samples
    taught = load("lean_distillation")["value"]["kinds"]
    assert all(each["sample"].strip("\n") in samples for each in taught.values())
    sides = [frame for frame in tables(app) if "speed" in list(frame.get("", ()))]
    assert len(sides) == 4  # of precision, pruning, healing, distillation


def test_the_grid_is_that_of_the_matrix(open_lean):
    app = open_lean(lean_grid="int4 in groups", lean_outlier="20")
    model = Run.open(bundled_run_path()).load_model()
    weight = model.blocks[0].attn.qkv.weight.detach().clone()
    weight[weight.abs().amax(dim=1).argmax()] *= 20
    rounded = nearest(weight, GRIDS["int4 in groups"]).weight()
    error = float((rounded - weight).norm() / weight.norm())
    text = said(app)
    assert f"Error of the whole matrix: {percent(error)}" in text
    assert "of 15** points" in text and "A scale each keeps the harm in one row" in text


def test_an_outlier_breaks_one_scale_and_leaves_a_scale_each_alone():
    loaded = load_model("bundled")
    calm, wild = (
        rounding_of(loaded, "blocks.0.mlp.up.weight", "int8 per tensor", f) for f in (1.0, 50.0)
    )
    assert wild.others["int8 per tensor"] > 20 * calm.others["int8 per tensor"]
    assert wild.others["int8 per channel"] == calm.others["int8 per channel"]
    assert wild.levels < calm.levels / 10
    assert "A scale each" not in words.outlier(calm, 1.0)
    assert len(wild.points) == 255 and sum(wild.counts) == 512 * 128


DESIGNS = {
    "one head in one layer": {"n_layer": 1, "n_head": 1},
    "modern": {"preset": "modern"},
    "not causal": {"causal": False, "norm": "batchnorm", "norm_position": "post"},
    "odd widths, short context": {"n_head": 1, "n_embd": 15, "block_size": 3},
}


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_it_opens_on_every_design(open_lean, design):
    app = open_lean(design=design)
    text = guess(app)
    assert "Of this model nothing is measured yet" in text
    assert "Recorded" not in text
    assert ("too few to remove a share of them" in text) == (design.get("n_head") == 1)
    labels = {button.label for button in app.button}
    assert {"Measure all", "Prune and heal", "Teach six students", "Measure it"} <= labels


@pytest.mark.parametrize("lesson", ["home", "attention", "head_born", "training", "lean"])
def test_a_compressed_run_opens_in_other_lessons(open_at, tmp_path, lesson):
    whole = write_run(tmp_path, "whole")
    out = str(tmp_path / "small")
    assert main(["compress", str(whole.path), "--int4", "--prune", "0.2", "--out", out]) == 0
    app = open_at(lesson, model="small", prompt="OTTO: A duck?")
    assert "small" in "".join(map(str, app.selectbox(key="model").options))
    assert app.selectbox(key="model").value == "small"


def test_nonsense_in_the_address_is_no_error(open_lean):
    app = open_lean(
        lean_matrix="wte", lean_grid="int1", lean_outlier="1e309", lean_times="-5",
        lean_share="x", lean_kind="😀", lean_seconds="nan", lean_zoom="perhaps",
    )  # fmt: skip
    guess(app)


def test_the_arithmetic_is_of_the_design_that_is_chosen(open_lean):
    app = open_lean(lean_times="100")
    taken = load("lean_training")["value"]
    config = Run.open(bundled_run_path()).model_config
    large = needs_of(grown(config, 100), tuple(taken["batch"]))
    (frame,) = [f for f in tables(app) if "part" in f]
    assert list(frame["× 100"]) == [
        words.amount(getattr(large, part)) for part in words.PARTS
    ]  # fmt: skip
    assert f"{large.parameters:,} parameters" in said(app)


# What the sentences say of numbers for which it is true, and of others.


def kind(rise=(0.0, -0.001, 0.001), speed=(1.0, 0.9, 1.1), nbytes=100, loss=1.0):
    return {
        **{"bytes": nbytes, "speed": list(speed), "rate": 10.0, "rise": list(rise)},
        **{"loss": [loss, loss - 0.1, loss + 0.1], "sample": "x"},
    }


def found_of(**kinds):
    whole = {words.PLAIN: kind(rise=(0, 0, 0), nbytes=400), words.CHANNEL: kind()} | kinds
    errors = {"blocks.0.attn.qkv.weight": {words.NEAREST4: [0.1, 0.2], words.GPTQ: [0.2, 0.1]}}
    extra = {"gptq": [-0.1, -0.2, -0.05], "errors": errors, "what": "8 pieces"}
    return {"kinds": whole, "characters": 1000} | extra


@pytest.mark.parametrize(
    ("rise", "case"),
    [
        ((0.02, -0.01, 0.05), words.UNSEEN),
        ((-0.02, -0.03, -0.01), words.UNSEEN),
        ((0.005, 0.001, 0.009), words.LITTLE),
        ((0.2, 0.1, 0.3), words.MUCH),
    ],
)
def test_the_answer_is_that_of_the_interval(rise, case):
    found = found_of(**{words.CHANNEL: kind(rise=rise)})
    for choice in words.OPTIONS:
        answer = words.judged(choice, found)
        assert answer.right == (choice == case)
        assert number(rise[0], "+.5f") in answer.why
    assert words.judged(words.UNSEEN, None).right is None


def test_speed_is_claimed_only_where_all_rounds_agree():
    assert "faster in every round" in words.speed_said((2.0, 1.2, 3.0))
    assert "slower in every round, 2.00 times" in words.speed_said((0.5, 0.4, 0.8))
    for speed in ((1.17, 1.12, 1.22), (0.93, 0.91, 0.95)):  # memory's luck lasts all rounds
        assert "not shown to be faster or slower" in words.speed_said(speed)
    assert "not shown to be faster or slower" in words.speed_said((1.5, 0.9, 3.0))


def test_a_rise_is_claimed_only_where_the_interval_says_so():
    assert "a clear rise of 20%" in words.rise_said((0.2, 0.1, 0.3), 1.0)
    assert "a clear rise, to 8 times the loss" in words.rise_said((7.0, 6.0, 8.0), 1.0)
    assert "at most 30%" in words.rise_said((0.2, -0.1, 0.3), 1.0)
    assert words.rise_said((0, 0, 0), 1.0) == "exactly the same loss"
    assert "clear fall, by 20%" in words.rise_said((-0.2, -0.3, -0.1), 1.0)


def test_the_best_is_the_smallest_without_harm():
    harmed = kind(rise=(0.2, 0.1, 0.3), nbytes=50)
    assert f"**{words.name_of(words.CHANNEL)}**, 25%" in words.best(
        found_of(**{words.NEAREST4: harmed})
    )
    all_harmed = found_of(**{words.CHANNEL: harmed, words.NEAREST4: harmed})
    assert "Every way that saves bytes here" in words.best(all_harmed)


def test_what_is_said_of_gptq():
    found = found_of()
    assert "its **results** in 1. It gives up on the weights" in words.gptq_said(found)
    assert "Its loss is lower" in words.gptq_said(found)
    assert "Yet its loss is higher" in words.gptq_said(found | {"gptq": [0.1, 0.05, 0.2]})
    assert "can't be told" in words.gptq_said(found | {"gptq": [0.1, -0.05, 0.2]})
    assert "left out" in words.gptq_said(found | {"gptq": None})
    reverse = {"m": {words.NEAREST4: [0.2, 0.1], words.GPTQ: [0.1, 0.2]}}
    assert "gives up" not in words.gptq_said(found | {"errors": reverse})


def points(*rises, each_saves=0, speed=(1.0, 0.9, 1.1)):
    return [
        {"gone": 0.1 * i} | kind((r, r - 0.05, r + 0.05), speed, 400 - i * each_saves, 1 + r)
        for i, r in enumerate(rises)
    ]


def pruned(zeros=(1.0, 0.9, 1.1), cut=(1.3, 1.2, 1.4), **healing):
    each = kind(rise=(0.1, 0.05, 0.2)) | {"share": 0.2, "before": [0.5, 0.4, 0.6]}
    each |= {"twin": [-0.01, -0.02, 0.01]}
    heads = points(0.0, 0.2, 0.6, each_saves=40, speed=cut)
    return {
        **{"plain": kind(nbytes=400), "shares": [0.0, 0.1, 0.2], "steps": 40, "heads": 16},
        **{"wanted": 40, "seconds": 180, "left_out": []},
        "curves": {"weights": points(0.0, 0.01, 0.5, speed=zeros), "heads": heads},
        "healing": {"weights": each | healing},
    }


def test_how_far_one_can_prune():
    said_of = words.how_far(pruned())
    assert "shown: 10% of the weights, fewer than 2 heads." in said_of
    assert "weights, none of 4 heads." in words.how_far(
        pruned() | {"heads": 4, "shares": [0.0, 0.2, 0.3]}
    )
    few = pruned() | {"heads": 4, "shares": [0.0, 0.05, 0.2]}  # 5% of four heads is no head
    few["curves"]["heads"] = [kind() | {"gone": 0.0}] * 2 + points(0.5)
    assert "weights, none of 4 heads." in words.how_far(few)
    text = words.at_share(0.2, pruned())
    assert "by what they are worth (3 of 16): 20% of all" in text
    assert "first: 20% of all parameters are gone, and not one byte; a clear rise of 50%" in text
    assert "20% of all parameters are gone, 80% of the bytes are left; a clear rise of 60%" in text


def test_removal_is_told_from_zeros_by_what_was_measured():
    def said_of(**speeds):
        return words.zeros_or_removal(pruned(**speeds) | {"shares": [0.0, 0.5, 0.9]})

    text = said_of()
    assert "heads cut out, 80% of the bytes are left at 90%, and writing is faster in" in text
    assert (
        "at 2 of them, up to 1.30 times. There the loss is at least 1.2 times the plain model's."
        in text
    )
    assert "shown to be faster at none" in text
    assert "As much is multiplied as before" in text and "**Heads that are removed aren't" in text
    slow = said_of(cut=(1.1, 0.9, 1.2))
    assert "No gain could be shown" in slow
    assert "only a model that waits for its weights can gain" in slow and "waited for" not in slow
    few = pruned() | {"shares": [0.0, 0.5, 0.9]}
    few["curves"]["heads"][1] |= {"speed": [1.0, 0.9, 1.1]}
    once = words.zeros_or_removal(few)  # one of two is no majority
    assert "at 1 of them" in once and "at least 1.6 times" in once
    assert "waited for" not in once and "No gain" not in once
    lucky = said_of(zeros=(1.3, 1.2, 1.4))
    assert "That is luck" in lucky and "waited for" not in lucky


def test_healing_is_claimed_only_where_intervals_part():
    assert "- 3 of 16" not in words.healed(pruned())
    assert "78% of the harm is healed" in words.healed(pruned())  # 0.11 of 0.50 is left
    better = [-0.2, -0.3, -0.1]  # than the whole model, trained on: no 140%
    assert "all of the harm is healed" in words.healed(pruned(rise=better))
    assert "no healing could be shown" in words.healed(pruned(rise=[0.4, 0.3, 0.5]))
    assert "the harm has grown" in words.healed(pruned(rise=[0.9, 0.8, 1.0]))
    # What training does for every model is no healing: 0.3 lower, and so is the whole one.
    trained = {"before": [0.01, 0.005, 0.02], "twin": [-0.3, -0.31, -0.29]}
    young = words.healed(pruned(rise=[-0.29, -0.3, -0.28], **trained))
    assert "no healing could be shown" in young and "of the harm is healed" not in young
    assert "of this size" in words.healed(pruned() | {"wanted": 0, "steps": 0, "healing": {}})
    hurried = words.healed(pruned() | {"steps": 0, "healing": {}}).replace("\xa0", " ")
    assert "nearly all of the 3 min 00 s" in hurried and "of this size" not in hurried
    assert "shortened" not in words.healed(pruned())
    fewer = words.healed(pruned() | {"wanted": 80, "left_out": ["neurons", "heads"]})
    assert "shortened (40 steps instead of 80, without neurons and heads)" in fewer
    stopped = words.healed(pruned() | {"healing": {}})
    assert stopped.startswith("Nothing has been healed yet") and "being" not in stopped


def test_the_same_four_numbers_of_every_way():
    """Each beside the plain one, whose speed is 1."""
    table = words.side_by_side(words.pruned_kinds(0.2, pruned()))
    assert [name for name in table if name] == [
        "plain (float32)",
        "single weights zero",
        "heads cut",
    ]
    assert table["plain (float32)"][:2] == ["400 bytes", "× 1 (10 tokens/s)"]
    assert table["heads cut"][:2] == ["320 bytes, 80%", "× 1.30 (1.20 to 1.40)"]
    assert table["single weights zero"][0] == "400 bytes, 100%"
    assert list(words.healed_kinds(pruned()))[1] == "20% of the weights gone, healed"
    heads = pruned() | {"healing": {"heads": pruned()["healing"]["weights"] | {"share": 0.3}}}
    assert list(words.healed_kinds(heads))[1] == "5 of 16 heads gone, healed"
    assert "- 5 of 16 heads: the rise goes" in words.healed(heads)


def test_who_teaches_better_is_said_by_paired_seeds():
    found = {"teacher": {"loss": [0.5, 0.4, 0.6]}, "batch": [12, 128]}
    found |= {"losses": {"text": [1.0, 1.0, 1.0]}, "steps": {"text": 400, "teacher": 100}}
    for theirs, claim in (
        ([0.8, 0.81, 0.79], "**The teacher helps**"),
        ([1.2, 1.21, 1.19], "**The text alone is better here**"),
        ([1.2, 0.7, 1.1], "**The seeds don't show which is better**"),
    ):
        text = words.taught(found, paired(theirs, [1.0, 1.0, 1.0]))
        assert claim in text
        assert "the first 128 tokens of each piece" in text


def test_why_a_teacher_does_not_help_is_said_as_far_as_the_runs_show_it():
    worse, better = (
        paired(each, [1.0, 1.0, 1.0]) for each in ([1.2, 1.21, 1.19], [0.8, 0.81, 0.79])
    )
    found = {"teacher": {"loss": [0.5, 0.4, 0.6]}, "batch": [12, 128]}
    found |= {"losses": {"text": [1.0, 1.0, 1.0]}, "steps": {"text": 400, "teacher": 100}}
    told = words.taught(found, worse)
    assert "takes 25% of the steps" in told and "can't tell apart" in told
    assert "although its student takes fewer steps" in words.taught(found, better)
    bad = words.taught(found | {"teacher": {"loss": [9.0, 8.0, 10.0]}}, worse)
    assert "the teacher reads worse" in bad and "(9.00 against 1.00 bits)" in bad
    assert "of the steps" not in bad
    as_many = found | {"steps": {"text": 100, "teacher": 100}}
    assert "with as many steps" in words.taught(as_many, worse)
    assert "fewer steps" not in words.taught(as_many, better)
    assert "here 66 numbers" in words.distil(66)


def test_mixed_precision_that_is_slow_may_still_save_memory():
    way = {"speed": [0.5, 0.4, 0.6], "kept": [100, 65], "difference": 0.041}
    told = words.ways_said({"ways": dict.fromkeys(words.WAYS, way)})
    assert "65% is kept" in told and "elsewhere at most in memory" in told
    (row, *_) = words.way_rows({"ways": {"explicit": way | {"difference": 1.0}}})
    assert row["gradients off by"] == "1"


def test_a_cache_that_hardly_helps_is_not_praised():
    found = {"positions": [1, 64], "cached": [1.0, 1.1], "again": [1.0, 5.5]}
    assert "**5 times** as long" in words.cached(found)
    assert "about as long" in words.cached(found | {"again": [1.0, 1.2]})
    size = {"bytes": 4096, "full": 4096 * 64}
    assert "2 instead of 4 in that line, 131 kB" in words.cache_size(size, 4, 4, 32, 64)
    assert "single head" in words.cache_size(size, 4, 1, 128, 64)
    assert "× 1 layer × 1 head × 128 numbers ×" in words.cache_size(size, 1, 1, 128, 64)


def wait(seconds, floor, nbytes=1000):
    return {"name": "float32", "nbytes": nbytes, "seconds": seconds, "floor": floor}


def test_what_a_step_waits_for():
    small, large = [wait(1e-3, 1e-4), wait(1e-3, 3e-5)], [wait(1e-2, 9e-3), wait(3e-3, 2e-3)]
    found = {"bandwidth": 1e10, "waits": {"this": small, "large": large}}
    text = words.waits_said(found)
    first, second = text.split("**A large one**")
    assert "waits for **dispatch**" in first and "hardly helps" in first
    assert "waits for **memory**" in second and "3.33 times as fast" in second
    assert "quicker of both" not in text
    slower = found | {"waits": {"this": [wait(1e-3, 1e-4), wait(7e-3, 3e-5)], "large": []}}
    assert "makes it slower" in words.waits_said(slower)
    assert "hardly helps" not in words.waits_said(slower)
    early = found | {"waits": {"this": [wait(1e-4, 2e-4), wait(1e-4, 5e-5)], "large": []}}
    assert "quicker of both" in words.waits_said(early)
    read = found | {"waits": {"this": [], "large": [wait(1e-2, 8e-3), wait(9.8e-3, 2e-3)]}}
    assert "dispatch" not in words.waits_said(read) and "half of the step" in words.waits_said(read)
    assert "large" not in words.waits_said(found | {"waits": {"this": small, "large": []}})


def test_compiling_is_praised_only_where_it_pays():
    found = {"speed": [2.0, 1.5, 2.5], "seconds": 20.0, "difference": 1e-6}
    assert "It pays when a run takes many times" in words.compiled(found)
    assert "Here it doesn't pay" in words.compiled(found | {"speed": [0.75, 0.7, 0.8]})
    assert "these rounds don't show" in words.compiled(found | {"speed": [1.1, 0.8, 1.2]})


def test_the_arithmetic_is_compared_with_what_was_measured():
    small = dict.fromkeys(words.PARTS, 1000)
    assert "within half a per cent everywhere" in words.checked(small, small)
    assert "within 50%" in words.checked(small, small | {"cache": 2000})
    assert "KV cache" in words.checked(small, small | {"cache": 2000})
    assert "*Measure all of it*" in words.checked(small, None)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "1 seconds"), (600, "10 minutes"), (86_400 * 9, "9 days"), (3.2e9, "101 years")],
)
def test_long_times(seconds, text):
    assert words.duration_said(seconds) == text


def test_amounts():
    assert [words.amount(n) for n in (12, 4.2e6, 1e12)] == ["12 bytes", "4.2 MB", "1 TB"]


def test_tying_by_hand():
    text = words.tying(10, 4, 160, True)
    assert "10 × 4 = 40" in text and "would be 20%" in text
    assert "would be 20%" in words.tying(10, 4, 200, False)


def test_rounding_is_told_as_it_is():
    found = Rounding([0.0], [4], [-1.0, 0.0, 1.0], 2, 3, 15, (4, 8), 0.05, {})
    assert "4 × 8 weights" in words.on_the_grid(found, "int8 per tensor")
    assert "**3 of 15** points" in words.on_the_grid(found, "int8 per tensor")
    assert "first 32 weights" in words.on_the_grid(found, "int4 in groups")


def test_what_one_machine_holds_is_told_from_what_it_does_not():
    def said(nbytes):
        return words.training_said(10, 200, 1e3, 5, ("one H100", 60.0, 0.1), None, nbytes)

    assert "24 GB, and its memory is 80 GB: that fits." in said(24_000_000_000)
    assert "81 GB, and its memory is 80 GB: that must be split" in said(81_000_000_000)


def test_layers_are_counted_from_one():
    assert words.short_matrix("blocks.0.attn.qkv.weight") == "layer 0, q, k and v"
