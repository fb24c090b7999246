import pytest

from corpus.lists import LONGEST, NAMES, SHORTEST, WORDS, lists


def test_every_list_is_read_twice_by_two_voices_and_has_no_word_twice():
    entries = lists(3, 200).removesuffix("\n").split("\n\n")
    assert len(entries) == 200
    for entry in entries:
        (first, words), (second, again) = (line.split(": ") for line in entry.split("\n"))
        assert words == again and first != second and {first, second} <= set(NAMES)
        read = words.split()
        assert SHORTEST <= len(read) <= LONGEST
        assert len(set(read)) == len(read) and set(read) <= set(WORDS)


def test_the_seed_decides():
    assert lists(1, 20) == lists(1, 20) != lists(2, 20)
    assert lists(1, 30).startswith(lists(1, 20)[:-1])


def test_a_list_can_t_be_guessed_from_its_first_word():
    entries = [entry.split(": ")[1].split() for entry in lists(1, 3000).split("\n\n")]
    after = {second for first, second, *_ in entries if first == "apple"}
    assert len(after) > 10
    assert len(set(WORDS)) == len(WORDS) == pytest.approx(165, abs=15)
