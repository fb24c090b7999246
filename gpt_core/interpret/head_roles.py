"""What heads look at: their roles, each measured against chance on texts the model never saw.

A role names, for some of a text's positions, the positions that a head with this role would look
at: its targets. A head's score is the share of attention that goes to the targets. A score alone
says little: a head that spreads its attention everywhere also hits the targets. So every score has
its chance beside it, of the same head in the same rows:

- for the first token, all places that the row may see are equally likely;
- for the token before and the token itself, attention that merely fades with distance: what the
  head gives to the places two and three back, continued to the nearer ones (`fading`);
- where words are the rule, targets keep their distances and lose their words: how far back a target
  lies is drawn from all of the role's distances in that text that fit into the row. This controls
  distance, not the kind of word: a head that prefers names passes where the targets are names. So
  a head that looks at what came after earlier copies is an induction head only if it also does so
  where tokens repeat in random order (`gpt_core.interpret.induction`).

What is drawn at random here has an average that can be written down, and that is what is computed:
the same texts give the same numbers, without a seed. One text's rows depend on each other, texts
don't, so the doubt is measured between texts (a paired t statistic over texts).

Roles after Clark et al. 2019 ("What Does BERT Look At?"), Voita et al. 2019, Olsson et al. 2022
("In-context Learning and Induction Heads") and Wang et al. 2022 (duplicate token heads).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from corpus.sitcom.mentions import mentions, thing_of, turns
from gpt_core.interpret.attention import Head
from gpt_core.model.gpt import GPT
from gpt_core.model.recording import run
from gpt_core.tokenizers import Token

ROLES = {
    "previous token": "the token just before",
    "first token": "the first token of the text",
    "itself": "the token itself",
    "same token": "earlier copies of the same token",
    "after copies": "what came after earlier copies of the same token",
    "speaker": "the name of whoever speaks this line",
    "object": "earlier mentions of the scene's thing, where it is mentioned again",
}
"""Each role's name, and what a head with it looks at."""

NEAR = {"itself": 0, "previous token": 1}
"""Roles whose chance is fading attention: how far back their target lies."""
FROM = 2  # places back: from here on the fading is measured
STEEPEST = 2.0  # times as much attention a place nearer; what is steeper is no mere fading
# When a pattern counts as clear: so many times chance, so much of all attention above chance, and
# so many standard errors. With 144 heads and 7 roles, all of them without any pattern, the last
# alone would be passed by accident about once in 500 models (24 texts, Student's t).
CLEAR_TIMES = 2.0
CLEAR_EXCESS = 0.04
CLEAR_T = 6.0
FEWEST_TEXTS = 8


@dataclass(frozen=True)
class Marked:
    """A text of T tokens, and which of them the roles about people and things are about.

    turns: of each line of dialogue the tokens of the speaker's name, and of the words.
    mentions: the tokens of each mention of the text's thing.
    """

    ids: tuple[int, ...]
    turns: tuple[tuple[range, range], ...] = ()
    mentions: tuple[range, ...] = ()


def mark(tokens: Sequence[Token], text: str) -> Marked:
    """Find lines of dialogue and the thing in the part of a text that these tokens are.

    tokens: one after the other; start and end are places in the whole text.
    """
    base = tokens[0].start
    piece = text[base : tokens[-1].end]

    def covered(span: tuple[int, int]) -> range:
        first, last = span[0] + base, span[1] + base
        inside = [i for i, t in enumerate(tokens) if t.start < last and t.end > first]
        return range(inside[0], inside[-1] + 1) if inside else range(0)

    thing = thing_of(piece)
    spoken = tuple((covered(turn.name), covered(turn.words)) for turn in turns(piece))
    named = tuple(covered(span) for span in mentions(piece, thing)) if thing else ()
    return Marked(tuple(token.id for token in tokens), spoken, named)


def targets(text: Marked) -> dict[str, Tensor]:
    """Of each role, where each position's targets are: (T, T) bool, row i about position i.

    Targets of words lie before their row. The first rows have no roles of place: there the token
    before, the first and the token itself are hardly different things.
    """
    T = len(text.ids)
    ids = torch.tensor(text.ids)
    rows, columns = torch.arange(T)[:, None], torch.arange(T)[None]
    same = (ids[:, None] == ids[None]) & (columns < rows)
    follows = same.roll(1, dims=1) & (columns < rows)  # the token before the target is a copy
    follows[:, 0] = False
    found = {
        "previous token": (columns == rows - 1) & (rows > FROM),
        "first token": (columns == 0) & (rows > 1),
        "itself": (columns == rows) & (rows > FROM),
        "same token": same,
        "after copies": follows,
        "speaker": torch.zeros(T, T, dtype=torch.bool),
        "object": torch.zeros(T, T, dtype=torch.bool),
    }
    for name, words in text.turns:
        found["speaker"][words.start : words.stop, name.start : name.stop] = True
    for number, later in enumerate(text.mentions):
        for earlier in text.mentions[:number]:
            found["object"][later.start : later.stop, earlier.start : earlier.stop] = True
    return found


def shuffled(where: Tensor, role: str, causal: bool) -> Tensor:
    """A role's targets (T, T) on average over all ways to shuffle them; each row keeps its sum.

    The module's words say which ways there are.
    """
    T = len(where)
    distance = torch.arange(T)[:, None] - torch.arange(T)[None]
    seen = (distance >= 0) if causal else torch.ones(T, T, dtype=torch.bool)
    if role == "first token":
        weight = seen.float()
    else:
        often = torch.bincount(distance[where], minlength=T).float()
        weight = often[distance.clamp(min=0)] * (distance > 0)
    share = weight / weight.sum(dim=1, keepdim=True).clamp(min=1e-9)
    return share * where.sum(dim=1, keepdim=True)


def fading(pattern: Tensor, back: int) -> Tensor:
    """What attention that merely fades with distance gives to the place 0 or 1 back, (L, H).

    pattern: (L, H, T, T) with T > 3. From three places back to two it grows by some factor, and
    goes on growing by it: at most twofold a place, and never less than not at all. For the token
    before it is no more than the token itself gets, or than the one two back.
    """
    itself, two, three = (
        pattern.diagonal(-places, 2, 3)[..., FROM + 1 - places :].mean(dim=-1)
        for places in (0, FROM, FROM + 1)
    )
    factor = (two / three.clamp(min=1e-9)).clamp(1.0, STEEPEST)
    grown = (two * factor ** (FROM - back)).clamp(max=1.0)
    return torch.maximum(two, torch.minimum(grown, itself)) if back else grown


def score_text(pattern: Tensor, text: Marked, causal: bool = True) -> dict[str, Tensor]:
    """Each role's share of attention and chance on one text: (2, L, H) by the role's name.

    pattern: (L, H, T, T). Roles that the text has no targets for are left out. The mean is over
    the rows that have targets.
    """
    found = {name: where for name, where in targets(text).items() if where.any()}
    if not found:
        return {}
    both = [
        torch.stack([where.float(), shuffled(where, name, causal)]) / where.any(dim=1).sum()
        for name, where in found.items()
    ]
    L, H, T, _ = pattern.shape
    scores = torch.cat(both).view(-1, T * T) @ pattern.reshape(L * H, T * T).T
    scores = scores.view(len(found), 2, L, H)
    for number, name in enumerate(found):
        if name in NEAR:
            scores[number, 1] = fading(pattern, NEAR[name])
    return dict(zip(found, scores, strict=True))


@dataclass(frozen=True)
class RoleScores:
    """One role of all heads, each (L, H): mean share of attention over texts, mean chance, and t.

    t: the mean difference between the two, in standard errors over `texts` texts.
    """

    share: Tensor
    chance: Tensor
    t: Tensor
    texts: int

    def clear(self) -> Tensor:
        """Where the pattern is both large and certain, (L, H) bool."""
        large = (self.share >= CLEAR_TIMES * self.chance) & (self.excess >= CLEAR_EXCESS)
        return large & (self.t >= CLEAR_T)

    @property
    def excess(self) -> Tensor:
        """Share of attention above chance, (L, H)."""
        return self.share - self.chance


def gather(scores: Iterable[dict[str, Tensor]]) -> dict[str, RoleScores]:
    """Many texts' scores together; a role that fewer than FEWEST_TEXTS have is left out."""
    by_role: dict[str, list[Tensor]] = {name: [] for name in ROLES}
    for of_text in scores:
        for name, both in of_text.items():
            by_role[name].append(both)
    return {n: _together(torch.stack(s)) for n, s in by_role.items() if len(s) >= FEWEST_TEXTS}


def _together(scores: Tensor) -> RoleScores:
    share, chance = scores[:, 0], scores[:, 1]  # (S, L, H)
    excess = share - chance
    error = excess.std(dim=0) / len(scores) ** 0.5
    t = excess.mean(dim=0) / error.clamp(min=1e-6)
    return RoleScores(share.mean(dim=0), chance.mean(dim=0), t, len(scores))


@torch.no_grad()
def patterns_of(model: GPT, ids: Sequence[int]) -> Tensor:
    """Attention of all heads on one text, (L, H, T, T)."""
    return run(model, ids, "blocks.*.pattern").layers("pattern")


def clear_roles(scores: dict[str, RoleScores], head: Head) -> list[str]:
    """The clear roles of a head, first the one that takes most attention above chance."""
    excess = {n: s.excess[head].item() for n, s in scores.items() if s.clear()[head]}
    return sorted(excess, key=excess.__getitem__, reverse=True)


def sharpest(pattern: Tensor) -> Head:
    """The head with the sharpest picture on a text, pattern (L, H, T, T).

    Its rows give most to one token on average. The first column doesn't count: many heads park
    their attention there. (0, 0) for a text of one token.
    """
    _, H, T, _ = pattern.shape
    if T < 2:
        return 0, 0
    best = int(pattern[:, :, 1:, 1:].amax(dim=-1).mean(dim=-1).argmax())
    return divmod(best, H)
