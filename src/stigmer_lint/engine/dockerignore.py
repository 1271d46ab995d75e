"""What a `.dockerignore` keeps out of a build's context (https://docs.docker.com/build/concepts/context/#dockerignore-files)."""

from __future__ import annotations

import re

from stigmer_lint.engine.discover import Files

MAX_PATTERNS = 500


class Ignored:
    """The patterns of one file. The last that fits a path, or a folder that it is in, decides."""

    def __init__(self, text: str) -> None:
        self._patterns: list[tuple[re.Pattern[str], bool]] = []
        self._known: dict[str, bool] = {}
        for line in text.splitlines()[: 4 * MAX_PATTERNS]:
            written = line.strip()
            if not written or written.startswith("#") or len(self._patterns) >= MAX_PATTERNS:
                continue
            out = not written.startswith("!")
            pattern = re.sub(r"/{2,}", "/", written.lstrip("!").strip()).removeprefix("./").strip("/")
            if pattern and len(pattern) < 300:
                self._patterns.append((re.compile(_translated("**" if pattern == "." else pattern)), out))

    def leaves_out(self, path: str) -> bool:
        """Whether a path, relative to the context, is not in it."""
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = next((out for pattern, out in reversed(self._patterns) if pattern.match(path)), False)
        return known


def _translated(pattern: str) -> str:
    found = ""
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            found, at = found + "(?:.*/)?", at + 3
        elif pattern.startswith("**", at):
            found, at = found + ".*", at + 2
        elif pattern[at] == "*":
            found, at = found + "[^/]*", at + 1
        elif pattern[at] == "?":
            found, at = found + "[^/]", at + 1
        elif pattern[at] == "\\" and at + 1 < len(pattern):
            found, at = found + re.escape(pattern[at + 1]), at + 2
        elif pattern[at] == "[" and (end := pattern.find("]", at + 2)) > 0:
            negated = pattern[at + 1] in "^!"
            kept = pattern[at + 1 + negated : end].replace("\\", "\\\\").replace("[", "\\[")
            found, at = f"{found}[{'^' * negated}{kept}]", end + 1
        else:
            found, at = found + re.escape(pattern[at]), at + 1
    return f"{found}(?:/|\\Z)"


def ignored(files: Files, context: str, dockerfile: str | None) -> Ignored | None:
    """The patterns for a build: those beside its Dockerfile (`Dockerfile.dockerignore`) or those of its context; None where there are none."""
    for name in (f"{dockerfile}.dockerignore" if dockerfile else "", f"{context}/.dockerignore" if context else ".dockerignore"):
        source = files.source(name) if name else None
        if source is not None:
            try:
                return Ignored(source.data.decode("utf-8", "replace"))
            except re.error:
                # A range of characters that is none; the build refuses the file.
                return None
    return None
