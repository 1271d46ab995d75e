"""Path patterns with the meaning that .gitignore gives them, matched in time linear in the path.

A checked tree brings its own patterns, so matching one must not be able to hang. The usual translation of `*a*a*a*b` to a regular
expression is polynomial of a high degree on a name of many `a`; here every piece between two stars is matched at its first place
and then kept (an atomic group), which finds a match whenever there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_PATTERN = 4096
"""Longer patterns than any path can be are dropped."""


def _class(pattern: str, at: int) -> tuple[str, int]:
    """The regular expression of the bracket expression that starts at `at`, and the index after it; one that never ends matches nothing."""
    end = at + 1
    if pattern[end : end + 1] in ("!", "^"):
        end += 1
    if pattern[end : end + 1] == "]":
        end += 1
    end = pattern.find("]", end)
    if end < 0:
        return "(?!)", len(pattern)
    body = pattern[at + 1 : end]
    negated = body[:1] in ("!", "^")
    inner = re.sub(r"([\\\[\]^&~|])", r"\\\1", body[1:] if negated else body)
    text = f"(?!/)[{'^' if negated else ''}{inner}]"
    try:
        re.compile(text)
    except re.error:
        return "(?!)", end + 1
    return text, end + 1


def _segment(pattern: str) -> str:
    """The regular expression of one path segment."""
    pieces: list[str] = [""]
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "*":
            if len(pieces) == 1 or pieces[-1]:
                pieces.append("")
            at += 1
        elif char == "?":
            pieces[-1] += "[^/]"
            at += 1
        elif char == "[":
            text, at = _class(pattern, at)
            pieces[-1] += text
        else:
            if char == "\\" and at + 1 < len(pattern):
                at += 1
                char = pattern[at]
            pieces[-1] += re.escape(char)
            at += 1
    if len(pieces) == 1:
        return pieces[0]
    first, *middle, last = pieces
    return first + "".join(f"(?>[^/]*?{piece})" for piece in middle) + "[^/]*" + last


def translate(pattern: str) -> str:
    """A regular expression (for `fullmatch`) over POSIX paths of a slash-separated glob in which `**` stands for any number of folders."""
    parts: list[str] = []
    for part in pattern.split("/"):
        if part != "**" or not parts or parts[-1] != "**":
            parts.append(part)
    chunks: list[list[str]] = [[]]
    for part in parts:
        if part == "**":
            chunks.append([])
        else:
            chunks[-1].append(_segment(part))
    if len(chunks) == 1:
        return "/".join(chunks[0])
    first, *middle, last = chunks
    text = "".join(segment + "/" for segment in first)
    for chunk in middle:
        body = "".join(segment + "/" for segment in chunk)
        text += f"(?>(?:[^/]+/)*?{body})"
    # A trailing `**` means everything inside, at least one name.
    return text + (("(?:[^/]+/)*" + "/".join(last)) if last else ".+")


class Pattern:
    """One line of an ignore file. `negated`: it takes back what an earlier line ignored."""

    __slots__ = ("folders_only", "literal", "matcher", "negated", "whole")

    def __init__(self, text: str, negated: bool) -> None:
        self.negated = negated
        self.folders_only = text.endswith("/")
        text = text.rstrip("/") if self.folders_only else text
        self.whole = "/" in text
        text = text.removeprefix("/")
        self.literal = None if self.whole or any(char in text for char in "*?[\\") else text
        self.matcher = None if self.literal is not None else re.compile(translate(text), re.DOTALL)

    def matches(self, path: str, name: str, folder: bool) -> bool:
        """Whether the line is about this path (relative to the ignore file's folder), whose base name is `name`."""
        if self.folders_only and not folder:
            return False
        if self.matcher is None:
            return name == self.literal
        return self.matcher.fullmatch(path if self.whole else name) is not None


class Patterns:
    """The lines of one ignore file, later lines before earlier ones."""

    __slots__ = ("_general", "_literals")

    def __init__(self, lines: Iterable[str]) -> None:
        self._literals: dict[str, list[tuple[int, Pattern]]] = {}
        self._general: list[tuple[int, Pattern]] = []
        for index, line in enumerate(lines):
            pattern = _line(line)
            if pattern is None:
                continue
            if pattern.literal is not None:
                self._literals.setdefault(pattern.literal, []).append((index, pattern))
            else:
                self._general.append((index, pattern))
        self._general.reverse()

    def __bool__(self) -> bool:
        return bool(self._literals or self._general)

    def verdict(self, path: str, name: str, folder: bool) -> bool | None:
        """True: ignored, False: taken back, None: no line is about it. The last line that matches decides."""
        best, found = -1, None
        for index, pattern in self._literals.get(name, ()):
            if index > best and (folder or not pattern.folders_only):
                best, found = index, pattern
        for index, pattern in self._general:
            if index < best:
                break
            if pattern.matches(path, name, folder):
                found = pattern
                break
        return None if found is None else not found.negated

    def has_name(self, name: str) -> bool:
        """Whether a line is this bare name, as what a build leaves beside the code is written: `server`."""
        return any(not pattern.folders_only and not pattern.negated for _, pattern in self._literals.get(name, ()))

    def covers(self, path: str) -> bool:
        """Whether the file `path` is matched itself or lies in a folder that is."""
        at = path.find("/")
        while at >= 0:
            part = path[:at]
            if self.verdict(part, part.rsplit("/", 1)[-1], True):
                return True
            at = path.find("/", at + 1)
        return bool(self.verdict(path, path.rsplit("/", 1)[-1], False))


def _line(line: str) -> Pattern | None:
    """The pattern of one line; None for comments, blank lines and lines that can match nothing."""
    line = line.rstrip("\r\n")
    # Trailing blanks do not count unless the last is written with a backslash in front.
    bare = line.rstrip(" ")
    line = bare + " " if bare.endswith("\\") and bare != line else bare
    if not line or line.startswith("#") or len(line) > MAX_PATTERN:
        return None
    negated = line.startswith("!")
    if negated or line.startswith(("\\#", "\\!")):
        line = line[1:]
    if not line.strip("/"):
        return None
    return Pattern(line, negated)
