"""One scene, the wording behind it, the show's size, and scenes as a text to train on."""

import re

import pytest

from corpus import MAX_BYTES, CorpusError
from corpus.sitcom import check, generate, split_scenes
from corpus.sitcom.looking import first_scene, size_of, unrelated_lines, wording_of
from corpus.sitcom.show import the_show
from corpus.sitcom.text import MOST_SCENES, generated


def test_every_plot_has_a_first_scene_and_it_is_one_of_the_seed_s():
    assert first_scene(3) == next(generate(3, 1))
    for plot in the_show().plots[::10]:
        assert first_scene(3, plot.slug).slug == plot.slug
    with pytest.raises(LookupError):
        first_scene(3, "no such plot")


def test_the_wording_of_every_beat_is_found_again():
    for scene in generate(4, 40):
        for k, beat in enumerate(scene.beats):
            wording, count = wording_of(scene, k)
            assert len(wording.lines) == beat.last - beat.first + 1
            assert count > 1


def test_lines_of_unrelated_scenes_do_not_hold_together():
    assert not any(check(unrelated_lines(seed)).passed for seed in range(20))


def test_the_size_covers_every_word_of_many_scenes():
    size = size_of(the_show())
    assert size.plots == len(the_show().plots)
    words = set()
    for scene in generate(5, 1500):
        words.update(re.findall(r"(?<![\w'])[a-z]+(?!\w)(?!')", scene.text.lower()))
    assert len(words) < size.words < 3 * len(words)


def test_a_generated_text_is_its_scenes_and_no_larger_than_an_upload():
    corpus = generated(1, 100)
    assert list(split_scenes(corpus.text)) == [scene.text for scene in generate(1, 100)]
    assert corpus.name == "The Spin Cycle, 100 scenes, seed 1"
    assert len(generated(1, MOST_SCENES).text) < MAX_BYTES


@pytest.mark.parametrize(("seed", "scenes"), [(1, 99), (1, 3001), (-1, 100), (1_000_000, 100)])
def test_what_is_too_much_is_refused(seed, scenes):
    with pytest.raises(CorpusError):
        generated(seed, scenes)
