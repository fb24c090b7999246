import math

import pytest

from gpt_core.experiments import landscape as ours
from gpt_core.experiments.stack import Member, Shape
from gpt_core.jobs import JobError, find_job
from gpt_core.jobs.landscape import RECORDED


def test_every_part_is_recorded_by_its_name_and_lists_no_run_twice():
    assert set(RECORDED) == {f"landscape_{part}" for part in ours.parts()}
    for groups in ours.parts().values():
        runs = [(group.shape, group.steps, member) for group in groups for member in group.members]
        assert len(set(runs)) == len(runs)


def test_all_runs_of_the_grid_read_the_same_number_of_characters():
    for width in ours.WIDTHS:
        for group in ours.parts()[f"grid_{width}"]:
            assert group.steps * group.shape.batch_size * group.shape.block_size == ours.READ


def test_a_group_is_cut_into_stacks_that_hold_all_its_runs():
    group = ours.parts()["grid_64"][-1]
    cut = ours.stacks(group)
    assert tuple(member for stack in cut for member in stack.members) == group.members
    assert len(cut) > 1


def test_shapes_that_are_said_to_be_alike_have_about_the_same_size():
    sizes = [12 * g.shape.n_layer * g.shape.n_embd**2 for g in ours.parts()["shape"]]
    assert max(sizes) / min(sizes) < 1.1
    assert len({g.shape for g in ours.parts()["shape"]}) == 4


def test_a_run_is_judged_on_its_way_and_at_its_end():
    shape = Shape(n_embd=8, n_layer=1, block_size=8, batch_size=1)
    group = ours.Group(shape, 8, (Member(), Member(learning_rate=100.0, grad_clip=0.0)))
    *way, (step, outcomes) = ours.train(group)
    assert step == 8 and len(way) == 7 and len(outcomes) == 2
    assert len(outcomes[0].bits) == ours.LOOKS
    assert 0 < outcomes[0].bits[-1] < 2 * math.log2(65)
    assert outcomes[1].bits[-1] is None or outcomes[1].bits[-1] > outcomes[0].bits[-1]
    assert ours.bits(math.nan) is None and ours.bits(math.log(2)) == 1.0


def test_the_job_refuses_what_is_no_part():
    with pytest.raises(JobError, match="part is 'all'"):
        next(find_job("landscape")(None, {"part": "all"}))
