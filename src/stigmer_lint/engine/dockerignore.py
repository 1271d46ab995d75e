"""What a `.dockerignore` keeps out of a build's context (https://docs.docker.com/build/concepts/context/#dockerignore-files)."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TypeAlias

from stigmer_lint.engine.discover import Files

MAX_PATTERNS = 500


class Ignored:
    """The patterns of one file. The last that fits a path, or a folder that it is in, decides."""

    def __init__(self, text: str) -> None:
        self._patterns: list[tuple[list[_Segment], bool]] = []
        self._known: dict[str, bool] = {}
        for line in text.splitlines()[: 4 * MAX_PATTERNS]:
            written = line.strip()
            if not written or written.startswith("#") or len(self._patterns) >= MAX_PATTERNS:
                continue
            out = not written.startswith("!")
            segments = [part for part in written.lstrip("!").strip().split("/") if part not in ("", ".")]
            if len(written) < 300:
                self._patterns.append((list(_segments(segments or ["**"])), out))

    def leaves_out(self, path: str) -> bool:
        """Whether a path, relative to the context, is not in it."""
        known = self._known.get(path)
        if known is None:
            parts = path.split("/")
            known = self._known[path] = next((out for pattern, out in reversed(self._patterns) if _fits(pattern, parts)), False)
        return known


_Segment: TypeAlias = Callable[[str], object] | None
"""A test of one part of a path; None for `**`, which stands for any number of parts."""


def _segments(written: list[str]) -> Iterator[_Segment]:
    for part in written:
        if part.startswith("**"):
            yield None
            part = f"*{part.lstrip('*')}"
            if part == "*":
                continue
        # Go's patterns (https://pkg.go.dev/path/filepath#Match) escape by a backslash and negate by ^, Python's by brackets and by !.
        glob = re.sub(r"\\(.)", lambda hit: f"[{hit[1]}]" if hit[1] in "*?[" else hit[1], part).replace("[^", "[!")
        yield cache(re.compile(fnmatch.translate(glob)).match)


def _fits(pattern: list[_Segment], parts: list[str]) -> bool:
    """Whether a pattern fits a path or a folder above it, in time proportional to both."""
    if None not in pattern:
        return len(pattern) <= len(parts) and all(test is not None and test(part) for test, part in zip(pattern, parts, strict=False))
    if len(pattern) == 2 and (last := pattern[1]) is not None:
        # `**/name`, as most lines are written.
        return any(last(part) for part in parts)
    states = _closed({0}, pattern)
    for part in parts:
        following: set[int] = set()
        for at in states:
            if at < len(pattern):
                test = pattern[at]
                if test is None:
                    following.add(at)
                elif test(part):
                    following.add(at + 1)
        states = _closed(following, pattern)
        if len(pattern) in states:
            return True
    return False


def _closed(states: set[int], pattern: list[_Segment]) -> set[int]:
    """With the places that are reached where a `**` stands for nothing."""
    for at in sorted(states):
        while at < len(pattern) and pattern[at] is None:
            at += 1
            states.add(at)
    return states


def ignored(files: Files, context: str, dockerfile: str | None) -> Ignored | None:
    """The patterns for a build: those beside its Dockerfile (`Dockerfile.dockerignore`) or those of its context; None where there are none."""
    for name in (f"{dockerfile}.dockerignore" if dockerfile else "", f"{context}/.dockerignore" if context else ".dockerignore"):
        source = files.source(name) if name else None
        if source is not None:
            return Ignored(source.data.decode("utf-8", "replace"))
    return None
