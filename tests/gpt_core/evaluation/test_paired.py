import pytest

from gpt_core.evaluation.paired import least_difference, paired, standard_error


def test_a_difference_that_every_pair_shows_is_found_whatever_they_have_in_common():
    theirs = [1.0, 5.0, 2.0, 9.0]
    found = paired([t + d for t, d in zip(theirs, (0.1, 0.12, 0.09, 0.11), strict=True)], theirs)
    # mean 0.105, standard error 0.006455, Student's t with 3 degrees of freedom 3.182
    assert found.mean == pytest.approx(0.105)
    assert found.low == pytest.approx(0.105 - 3.182 * 0.006455, rel=0.01)
    assert found.high == pytest.approx(0.105 + 3.182 * 0.006455, rel=0.01)
    assert found.sign == 1 and paired(theirs, [t + 0.1 for t in theirs]).sign == -1


def test_what_scatters_around_nothing_has_no_sign_but_a_bound():
    found = paired([1.0, 2.0, 3.0], [1.1, 1.9, 3.05])
    assert found.sign == 0
    assert found.most == max(abs(found.low), abs(found.high)) > 0.05


def test_two_pairs_say_nothing_and_lists_must_be_pairs():
    with pytest.raises(ValueError, match="three pairs"):
        paired([1.0, 2.0], [1.0, 2.1])
    with pytest.raises(ValueError, match="argument"):
        paired([1.0, 2.0, 3.0], [1.0, 2.0])


def test_a_standard_error_by_hand():
    assert standard_error([1.0, 2.0, 3.0]) == pytest.approx(1 / 3**0.5)


def test_the_least_difference_to_believe_by_hand():
    # Student's t with 7 degrees of freedom is 2.365, and these scatter by √2.
    scattered = [1.0, -1.0, 2.0, -2.0, 1.0, -1.0, 0.0, 0.0]
    spread = (12 / 7) ** 0.5
    assert least_difference(scattered, 1) == pytest.approx(2.365 * spread, rel=1e-3)
    assert least_difference(scattered, 4) == pytest.approx(2.365 * spread / 2, rel=1e-3)
    # With as many pairs as were run, it is where the interval of `paired` begins to leave 0.
    shifted = [each + least_difference(scattered, 8) * 1.001 for each in scattered]
    assert paired(shifted, [0.0] * 8).sign == 1
    assert paired([each - 0.002 for each in shifted], [0.0] * 8).sign == 0
    assert least_difference([1.0, 2.0], 1) == pytest.approx(12.706 * 0.5**0.5, rel=1e-3)
