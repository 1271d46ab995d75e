"""A flake8 plugin: what can be said of one Python file by itself, by the same engine and rules as the command's.

What joins files (a launcher and the code in its image, values from another module, Compose) needs the command.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import ClassVar

from stigmer_lint import __version__
from stigmer_lint.errors import StigmerLintError
from stigmer_lint.policy.types import LoadedPolicy

_ABOUT_THE_RUN = "STG9"
"""flake8 has its own comments and its own ways to say that a file cannot be read."""


class Plugin:
    """What flake8 makes for every file; it asks for these parameters by their names."""

    name: ClassVar[str] = "stigmer-lint"
    version: ClassVar[str] = __version__

    def __init__(self, tree: ast.AST, filename: str, lines: Sequence[str]) -> None:
        self._filename = filename
        self._text = "".join(lines)

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """(line from 1, column from 0, text that begins with the code, this class) for every finding that is an error or a warning."""
        # Most Python files start no container; those cost one search.
        if not any(word in self._text for word in ("docker", "podman", "nerdctl", "container")):
            return
        from stigmer_lint.engine.discover import Files
        from stigmer_lint.engine.run import check
        from stigmer_lint.report.escape import paragraph
        from stigmer_lint.report.view import View
        from stigmer_rules import RULES

        path = Path(self._filename if self._filename.endswith(".py") else f"{self._filename}.py").resolve()
        data = self._text.encode("utf-8", "surrogatepass")
        files = Files(path.parent, overlay=(path.name, data), cwd=path.parent, alone=True)
        report = check(path.parent, (), policy=_policy(str(path.parent)), rules=RULES, files=files)
        for shown in View(report).findings():
            if shown.reported.severity != "note" and not shown.code.startswith(_ABOUT_THE_RUN):
                yield shown.place.line, shown.place.column - 1, f"{shown.code} {paragraph(shown.message)}", type(self)


@cache
def _policy(folder: str) -> LoadedPolicy:
    """The policy that holds for the files of a folder. One that is wrong is `stigmer-lint check`'s to complain of."""
    from stigmer_lint.engine.discover import find_root
    from stigmer_lint.policy.load import NO_POLICY, find_policy, load_policy

    root = find_root([folder], Path(folder))
    found = find_policy(Path(folder), root)
    try:
        return NO_POLICY if found is None else load_policy(str(found), root)
    except StigmerLintError:
        return NO_POLICY
