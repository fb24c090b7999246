import numpy as np
import pytest
import torch

from gpt_core.interpret.embeddings import cosine_spread, nearest, project


@pytest.mark.parametrize("shape", [(40, 7), (5, 12), (3, 2)])
def test_the_projection_is_that_of_the_singular_value_decomposition(shape):
    vectors = np.random.default_rng(0).normal(size=shape) * np.linspace(3, 0.5, shape[1]) + 5
    found = project(torch.tensor(vectors, dtype=torch.float32))
    left, sizes, _ = np.linalg.svd(vectors - vectors.mean(0), full_matrices=False)
    expected = left[:, :2] * sizes[:2]
    for axis in (0, 1):
        sign = np.sign(expected[np.abs(expected[:, axis]).argmax(), axis])
        assert found.points[:, axis].numpy() == pytest.approx(sign * expected[:, axis], abs=1e-4)
    assert found.share.numpy() == pytest.approx((sizes**2 / (sizes**2).sum())[:2], abs=1e-5)


def test_points_on_a_line_have_all_their_variance_there():
    line = torch.arange(5.0)[:, None] * torch.tensor([3.0, 4.0, 0.0])
    found = project(line)
    assert found.share.tolist() == pytest.approx([1.0, 0.0], abs=1e-6)
    assert found.points[:, 0].abs().tolist() == pytest.approx([10, 5, 0, 5, 10], abs=1e-4)


@pytest.mark.parametrize("vectors", [torch.ones(1, 4), torch.ones(6, 4), torch.ones(3, 1)])
def test_vectors_without_variance_lie_in_one_point(vectors):
    found = project(vectors)
    assert found.points.shape == (len(vectors), 2)
    assert found.points.abs().max() == 0 and found.share.tolist() == [0.0, 0.0]


def test_the_nearest_are_those_that_a_loop_finds():
    table = torch.randn(30, 6, generator=torch.Generator().manual_seed(0))
    table[3] = 2.5 * table[7]  # the same direction: cosine 1, whatever the length
    found = nearest(table, 7, 5)
    slow = {i: torch.cosine_similarity(table[7], table[i], dim=0).item() for i in range(30)}
    del slow[7]
    best = sorted(slow, key=slow.get, reverse=True)[:5]
    assert [i for i, _ in found] == best and best[0] == 3
    assert [cosine for _, cosine in found] == pytest.approx([slow[i] for i in best], abs=1e-6)
    mean, std = cosine_spread(table, 7)
    assert mean == pytest.approx(np.mean(list(slow.values())), abs=1e-6)
    assert std == pytest.approx(np.std(list(slow.values()), ddof=1), abs=1e-6)


def test_a_vector_of_zeros_is_near_to_nothing():
    table = torch.eye(4)
    table[2] = 0
    assert all(cosine == 0 for _, cosine in nearest(table, 2, 9))
    assert len(nearest(table, 2, 9)) == 3
    assert nearest(torch.ones(1, 3), 0, 9) == [] and cosine_spread(torch.ones(1, 3), 0) == (0, 0)
