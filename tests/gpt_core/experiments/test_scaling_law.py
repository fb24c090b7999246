import numpy as np
import pytest

from gpt_core.experiments.scaling_law import Law, bootstrap, fit

SIZES = np.repeat([3e3, 1e4, 3e4, 1e5, 3e5], 5)
READ = np.tile([3e4, 6e4, 1.2e5, 2.5e5, 5e5], 5)
TRUE = Law(E=1.2, A=0.4, a=0.45, B=0.6, b=0.3)


def test_a_law_without_noise_is_found_again():
    found = fit(SIZES, READ, TRUE.bits(SIZES, READ))
    np.testing.assert_allclose(
        [found.E, found.A, found.a, found.B, found.b], [1.2, 0.4, 0.45, 0.6, 0.3], atol=1e-6
    )
    # By hand, at the units: E + A + B.
    assert TRUE.bits(1e5, 1e5) == pytest.approx(2.2)
    assert TRUE.bits(1e30, 1e30) == pytest.approx(1.2, abs=1e-3)


def test_exponents_between_the_coarse_ones_are_found():
    true = Law(E=1.2, A=0.4, a=0.47, B=0.6, b=0.13)
    found = fit(SIZES, READ, true.bits(SIZES, READ))
    np.testing.assert_allclose([found.a, found.b], [0.47, 0.13], atol=1e-6)


def test_the_band_holds_the_truth_and_widens_away_from_the_runs():
    noise = np.random.default_rng(3).normal(0, 0.01, len(SIZES))
    laws = bootstrap(SIZES, READ, TRUE.bits(SIZES, READ) + noise, repeats=40, seed=0)
    near = [float(law.bits(6e5, 5e5)) for law in laws]
    far = [float(law.bits(5e6, 6e7)) for law in laws]
    assert min(near) < TRUE.bits(6e5, 5e5) < max(near)
    assert np.std(far) > 2 * np.std(near)


def test_weights_count_runs_as_often_as_they_say():
    bits = TRUE.bits(SIZES, READ) + np.random.default_rng(1).normal(0, 0.02, len(SIZES))
    twice = np.ones(len(SIZES))
    twice[3] = 2
    again = fit(*(np.append(each, each[3]) for each in (SIZES, READ, bits)))
    assert fit(SIZES, READ, bits, twice) == pytest.approx(again) or np.allclose(
        fit(SIZES, READ, bits, twice).bits(SIZES, READ), again.bits(SIZES, READ)
    )


def test_runs_that_get_worse_with_size_fit_no_such_law():
    with pytest.raises(ValueError, match="negative"):
        fit(np.array([1.0, 2.0, 3.0]), np.array([3.0, 4.0, 9.0]), np.array([-1.0, -2.0, -3.0]))
