"""How much alike two names are: what a name that nobody knows may have been meant as."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stigmer_lint.knowledge.names import tokens

COMMON = frozenset({
    "API", "KEY", "URL", "URI", "HOST", "PORT", "TOKEN", "SECRET", "BASE", "DB", "USER", "USERNAME", "PASSWORD", "NAME", "ID", "ENABLED", "PATH", "DIR", "MODE", "SERVICE",
    "SERVER", "ADDR", "ADDRESS", "ENDPOINT", "TIMEOUT", "LEVEL", "ENV", "APP",
})
"""Words that two names may share without meaning the same."""


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a name may have been meant as: few letters apart, or made of mostly the same words."""
    best: tuple[float, str] | None = None
    words = frozenset(tokens(name))
    for other in candidates:
        if other == name:
            continue
        theirs = frozenset(tokens(other))
        shared = len(words & theirs)
        union = len(words | theirs)
        score = shared / union if union else 0.0
        if abs(len(name) - len(other)) <= 2 and min(len(name), len(other)) >= 5:
            apart = distance(name.upper(), other.upper(), 2)
            if apart <= 2 and not _other_words(tokens(name), tokens(other)):
                score = max(score, 1.0 - apart / 10)
        if shared >= 1 and (words <= theirs or theirs <= words) and min(len(words), len(theirs)) >= 2:
            score = max(score, 0.6)
        if shared and not (words & theirs) - COMMON and score < 0.7:
            continue
        if score < 0.6 and tokens(name)[1:] == tokens(other)[1:]:
            # CLIENT_EMBEDDING_TIMEOUT and OPENAI_EMBEDDING_TIMEOUT are those of two things.
            continue
        if score >= 0.5 and (best is None or score > best[0]):
            best = (score, other)
    return best[1] if best else None


def _other_words(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two names that look alike differ in whole words: ZBX and DB, of which every letter may be another."""
    apart = [(left, right) for left, right in zip(one, other, strict=False) if left != right]
    return len(one) == len(other) and any(min(len(left), len(right)) < 4 and distance(left, right, 1) > 1 for left, right in apart)


def is_slip(one: str, other: str) -> bool:
    """Whether two names differ as no two that are meant to differ do: in a part that is doubled, or in one letter of a long word, or two that have changed
    places."""
    words, theirs = tokens(one), tokens(other)
    if sorted(set(words)) == sorted(set(theirs)) and abs(len(words) - len(theirs)) == 1:
        return True
    apart = [(left, right) for left, right in zip(words, theirs, strict=False) if left != right]
    return len(words) == len(theirs) and len(apart) == 1 and min(map(len, apart[0])) >= 4 \
        and not any(char.isdigit() for word in apart[0] for char in word) and distance(*apart[0], 1) <= 1


def shapes(name: str) -> Iterator[object]:
    """What two names that differ by a slip have in common: their words as a set, or all of them but one."""
    words = tokens(name)
    yield frozenset(words)
    for at in range(len(words)):
        yield at, words[:at], words[at + 1 :]


def distance(left: str, right: str, limit: int) -> int:
    """Edits (insert, delete, replace, swap neighbours) between two texts, `limit + 1` where there are more than `limit`."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, char in enumerate(left, 1):
        following = [i]
        for j, other in enumerate(right, 1):
            cost = min(row[j] + 1, following[j - 1] + 1, row[j - 1] + (char != other))
            if i > 1 and j > 1 and char == right[j - 2] and left[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            following.append(cost)
        before, row = row, following
        if min(row) > limit:
            return limit + 1
    return row[-1]
