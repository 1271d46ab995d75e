"""Regular expressions of the checked code, run only where they cannot take long.

A pattern is written by a stranger and the standard library's matcher goes back and tries again, so what it may cost is worked out before:
how often the same piece of text can be divided among neighbouring repetitions in different ways. A repetition whose end is fixed by what
must follow it (`[^/]*/`) has one way only, which is what nearly all patterns that people write are made of.
"""

from __future__ import annotations

import re
import warnings
from functools import cache

MAX_SUBJECT = 200
"""Characters of a text that a pattern is tried on."""
MAX_STEPS = 1_000_000
"""What one search may cost; some milliseconds."""
_MAX_PATTERN = 300

_ATOM = re.compile(
    r"(?P<char>\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|\\[^1-9kgpPbBAZz])|(?P<flags>\(\?[aimsux]+\))|(?P<look>\(\?<?[=!])|(?P<open>\((?:\?(?::|P?<\w+>|[aimsux]+:))?(?!\?))"
    r"|(?P<unknown>\(\?|\\[1-9kgpP])|(?P<close>\))|(?P<or>\|)|(?P<repeat>[*+?]|\{\d+\}|\{\d*,\d*\})|(?P<start>\^|\\A)|(?P<anchor>\$|\\[bBZz])|(?P<other>.)",
    re.DOTALL,
)
_ALPHABET = "".join(map(chr, range(128))) + "\u00e9\u65e5"


class _Chars:
    """Characters of one kind in a row: `chars` as a bit set over the alphabet, at least `least` and at most `most` (None: any number)."""

    __slots__ = ("chars", "least", "most")

    def __init__(self, chars: int) -> None:
        self.chars = chars
        self.least = 1
        self.most: int | None = 1


class _Group:
    """Alternatives, each a sequence; the whole may be left out or repeated."""

    __slots__ = ("branches", "least", "most")

    def __init__(self) -> None:
        self.branches: list[list[_Chars | _Group]] = [[]]
        self.least = 1
        self.most: int | None = 1


class _UnboundedError(Exception):
    """The cost cannot be told: repetitions of what varies itself."""


class Compiled:
    """A pattern with what it may cost."""

    __slots__ = ("_root", "_starts", "_steps", "pattern")

    def __init__(self, pattern: re.Pattern[str], root: _Group, anchored: bool) -> None:
        self.pattern = pattern
        self._root = root
        self._starts = not anchored
        self._steps: dict[int, int] = {}

    def steps(self, length: int) -> int:
        """How much looking a text of so many characters may take, at most; MAX_STEPS + 1 where that is too much or the text too long."""
        if length > MAX_SUBJECT:
            return MAX_STEPS + 1
        if length not in self._steps:
            ways, _ = _cost(self._root, 0, length + 1)
            self._steps[length] = min(MAX_STEPS + 1, ways * (length + 1) * (length + 1 if self._starts else 1))
        return self._steps[length]

    def tried(self, text: str) -> bool:
        """Whether the pattern may be tried on a text."""
        return self.steps(len(text)) <= MAX_STEPS


@cache
def compiled(pattern: str, flags: int = 0) -> Compiled | None:
    """A pattern of the checked code; None for one whose cost cannot be told, or that is not valid here."""
    if len(pattern) > _MAX_PATTERN:
        return None
    if "(?<" in pattern and "(?<=" not in pattern and "(?<!" not in pattern:
        pattern = pattern.replace("(?<", "(?P<")  # JavaScript and Go name groups without the P
    try:
        root, anchored = _parsed(pattern)
        _cost(root, 0, 2)
        with warnings.catch_warnings():
            # What other languages write in a character class may look like a set operation to come here.
            warnings.simplefilter("ignore")
            return Compiled(re.compile(pattern, flags), root, anchored)
    except (re.error, OverflowError, RecursionError, _UnboundedError):
        return None


def _parsed(pattern: str) -> tuple[_Group, bool]:
    """The repetitions and alternatives of a pattern, and whether it fits at the beginning of a text only."""
    root = _Group()
    around = [root]
    last: _Chars | _Group | None = None
    at = 0
    while at < len(pattern):
        token = _ATOM.match(pattern, at)
        if token is None:
            raise _UnboundedError
        at = token.end()
        kind, text = token.lastgroup, token[0]
        branch = around[-1].branches[-1]
        if kind in ("char", "other"):
            last = _Chars(_chars(text))
            branch.append(last)
        elif kind == "open":
            around.append(_Group())
            branch.append(around[-1])
            last = None
        elif kind == "look":
            # Looking ahead takes nothing: what it looks at may as well be left out.
            around.append(_Group())
            branch.append(around[-1])
            around[-1].least = 0
            last = None
        elif kind == "close":
            if len(around) == 1:
                raise _UnboundedError
            last = around.pop()
        elif kind == "or":
            around[-1].branches.append([])
            last = None
        elif kind == "repeat":
            if last is None:
                raise _UnboundedError
            at += pattern[at : at + 1] in ("?", "+")
            last.least, last.most = _bounds(text)
            last = None
        elif kind == "unknown":
            raise _UnboundedError
        else:
            last = None
    anchored = pattern.startswith(("^", "\\A")) and len(root.branches) == 1
    return root, anchored


def _bounds(text: str) -> tuple[int, int | None]:
    if text in "*+?":
        return (1 if text == "+" else 0), (1 if text == "?" else None)
    low, comma, high = text[1:-1].partition(",")
    return int(low or 0), int(high) if high else None if comma else int(low)


@cache
def _chars(atom: str) -> int:
    """The characters that an atom of a pattern fits, whatever the flags."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        test = re.compile(atom, re.DOTALL | re.IGNORECASE)
    return sum(1 << bit for bit, char in enumerate(_ALPHABET) if test.fullmatch(char))


def _cost(node: _Chars | _Group, reach: int, length: int) -> tuple[int, int]:
    """In how many ways a text can be divided among what comes before and this, and what characters the repetitions can take after it.
    `reach`: those that repetitions before it can take, back to the last one whose end was fixed. `length`: what "any number" stands for."""
    if isinstance(node, _Chars):
        if node.most == node.least:
            return 1, 0 if not node.chars & reach else reach
        width = min(length, node.most - node.least + 1) if node.most is not None else length
        return width if node.chars & reach else 1, reach | node.chars if node.least == 0 or node.chars & reach else node.chars
    if node.most is not None and node.most <= 1:
        ways, after = 0, reach if node.least == 0 else 0
        overlapping = _overlapping(node.branches)
        for branch in node.branches:
            one, then = _sequence(branch, reach, length)
            ways = ways + one if overlapping else max(ways, one)
            after |= then
        return ways + (node.least == 0), after
    # What is repeated has to be told apart from the next round of itself.
    everything = 0
    for branch in node.branches:
        everything |= _everything(branch)
    rounds, _ = _sequence([one for branch in node.branches for one in branch] * 2, 0, length) if len(node.branches) == 1 else (1, 0)
    if rounds > 1 or (len(node.branches) > 1 and (_overlapping(node.branches) or any(_varies(branch) for branch in node.branches))):
        raise _UnboundedError
    return length if everything & reach else 1, reach | everything


def _sequence(nodes: list[_Chars | _Group], reach: int, length: int) -> tuple[int, int]:
    ways = 1
    for node in nodes:
        more, reach = _cost(node, reach, length)
        ways = min(ways * more, MAX_STEPS + 1)
    return ways, reach


def _overlapping(branches: list[list[_Chars | _Group]]) -> bool:
    """Whether two alternatives may begin alike."""
    seen = 0
    for branch in branches:
        first = _first(branch)
        if len(branches) > 1 and (first is None or seen & first):
            return True
        seen |= first or 0
    return False


def _first(nodes: list[_Chars | _Group]) -> int | None:
    """The characters that a sequence begins with; None where it may be empty."""
    found = 0
    for node in nodes:
        if isinstance(node, _Chars):
            found |= node.chars
            if node.least:
                return found
            continue
        firsts = [_first(branch) for branch in node.branches]
        for one in firsts:
            found |= one or 0
        if node.least and None not in firsts:
            return found
    return None


def _everything(nodes: list[_Chars | _Group]) -> int:
    found = 0
    for node in nodes:
        if isinstance(node, _Chars):
            found |= node.chars
        else:
            for branch in node.branches:
                found |= _everything(branch)
    return found


def _varies(nodes: list[_Chars | _Group]) -> bool:
    return any(node.least != node.most or (isinstance(node, _Group) and any(map(_varies, node.branches))) for node in nodes)
