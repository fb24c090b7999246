"""python -m gpt_core tokens, as typed."""

import pytest

from gpt_core.cli.main import main
from tests.helpers import TEXT, write_run


def rows(printed):
    """(id, bytes, the rest) of each line between the heading and the summary."""
    lines = printed.splitlines()[1:-1]
    return [(int(line[:7]), bytes.fromhex(line[9:33].strip()), line[34:]) for line in lines]


def test_gpt2_s_published_ids(capsys):
    assert main(["tokens", "Hello world 🙂"]) == 0
    printed = capsys.readouterr().out
    # 15496 and 995 are the ids that OpenAI's own encoder gives "Hello" and " world".
    assert rows(printed)[:2] == [(15496, b"Hello", "'Hello'"), (995, b" world", "' world'")]
    assert b"".join(row[1] for row in rows(printed)).decode() == "Hello world 🙂"
    assert printed.splitlines()[-1].startswith(
        f"{len(rows(printed))} tokens, 13 characters, 16 bytes: "
    )


@pytest.mark.parametrize("kind", ["char", "word", "bpe"])
def test_a_run_s_own_tokens(tmp_path, capsys, kind):
    run = write_run(tmp_path, "run", tokenizer=kind)
    text = TEXT[:90]
    assert main(["tokens", text, "--run", str(run.path)]) == 0
    found = rows(capsys.readouterr().out)
    assert [row[0] for row in found] == run.tokenizer().encode(text)
    assert b"".join(row[1] for row in found).decode() == text


def test_what_it_does_not_know_is_said(tmp_path, capsys):
    run = write_run(tmp_path, "run", tokenizer="char")
    assert main(["tokens", "Ωt", "--run", str(run.path)]) == 0
    printed = capsys.readouterr().out
    assert rows(printed)[0] == (0, "Ω".encode(), "'Ω' (unknown)")
    assert printed.endswith(
        "2 tokens, 2 characters, 3 bytes: 1.00 characters a token. 1 unknown.\n"
    )


def test_a_file_and_what_is_no_character(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("one\ttwo")
    assert main(["tokens", "--text", str(tmp_path / "a.txt")]) == 0
    assert "'\\t'" in capsys.readouterr().out
    assert main(["tokens", "\udcff"]) == 0  # half of a character, as a terminal may give it
    assert "ef bf bd" in "".join(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Give either a text"),
        ([""], "The text is empty"),
        (["x", "--text", "y"], "Give either a text"),
        (["x", "--encoding", "utf-8"], "--encoding"),
        (["x", "--run", "nowhere"], "There is no run in nowhere"),
        (["--text", "nowhere.txt"], "nowhere.txt"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, message, capsys):
    assert main(["tokens", *arguments]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1
