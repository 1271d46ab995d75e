"""A flake8 plugin: what can be said of one Python file by itself, by the same engine and rules as the command's.

What joins files (a launcher and the code in its image, values from another module, Compose) needs the command.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from stigmer_lint import __version__
from stigmer_lint.errors import StigmerLintError, UsageError
from stigmer_lint.policy.types import LoadedPolicy

if TYPE_CHECKING:
    from stigmer_lint.model.launch import Platform
    from stigmer_lint.rule import Confidence

_ABOUT_THE_RUN = "STG9"
"""flake8 has its own comments and its own ways to say that a file cannot be read."""


class _Parser(Protocol):
    def add_option(self, *names: str, default: str, parse_from_config: bool, metavar: str, help: str) -> None:  # noqa: A002  flake8's name
        """flake8's way to declare an option."""


class Plugin:
    """What flake8 makes for every file; it asks for these parameters by their names."""

    name: ClassVar[str] = "stigmer-lint"
    version: ClassVar[str] = __version__
    policy: ClassVar[str] = ""
    platforms: ClassVar[tuple[Platform, ...] | None] = None
    min_confidence: ClassVar[Confidence] = "medium"

    @staticmethod
    def add_options(parser: _Parser) -> None:
        """Declare what flake8's command line and configuration may say."""
        parser.add_option("--stigmer-policy", default="", parse_from_config=True, metavar="FILE", help="Policy file, builtin:NAME or none (default: stigmer-lint.yaml, from the file upwards)")
        parser.add_option("--stigmer-platforms", default="", parse_from_config=True, metavar="NAMES", help="Where the launching code runs: linux, macos, windows (default: the policy's)")
        parser.add_option("--stigmer-min-confidence", default="medium", parse_from_config=True, metavar="LEVEL", help="Leave out less certain findings: high, medium or low (default: medium)")

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Take the options over. Raises flake8's own error for one that means nothing: it prints that as one line."""
        from flake8.exceptions import ExecutionError

        try:
            cls._take(options)
        except StigmerLintError as error:
            raise ExecutionError(f"stigmer-lint: {error}") from error

    @classmethod
    def _take(cls, options: argparse.Namespace) -> None:
        import msgspec

        from stigmer_lint.engine.judge import Options

        names = tuple(name for name in options.stigmer_platforms.replace(",", " ").split() if name)
        try:
            said = msgspec.convert({"platforms": names or None, "min_confidence": options.stigmer_min_confidence}, Options)
        except msgspec.ValidationError as error:
            raise UsageError(f"--stigmer-platforms or --stigmer-min-confidence: {error}") from error
        cls.policy, cls.platforms, cls.min_confidence = options.stigmer_policy, said.platforms, said.min_confidence
        if cls.policy not in ("", "none"):
            _policy("", cls.policy)

    def __init__(self, tree: ast.AST, filename: str, lines: Sequence[str]) -> None:
        self._filename = filename
        self._text = "".join(lines)

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """(line from 1, column from 0, text that begins with the code, this class) for every finding that is an error or a warning."""
        # Most Python files start no container; those cost one search.
        if not any(word in self._text for word in ("docker", "podman", "nerdctl", "container")):
            return
        from stigmer_lint.engine.discover import Files
        from stigmer_lint.engine.judge import Options
        from stigmer_lint.engine.run import check
        from stigmer_lint.report.escape import paragraph
        from stigmer_lint.report.view import View
        from stigmer_rules import RULES

        path = Path(self._filename if self._filename.endswith(".py") else f"{self._filename}.py").resolve()
        data = self._text.encode("utf-8", "surrogatepass")
        files = Files(path.parent, overlay=(path.name, data), cwd=path.parent, alone=True)
        options = Options(min_confidence=self.min_confidence, platforms=self.platforms)
        report = check(
            path.parent, (), policy=_policy(str(path.parent), self.policy), rules=RULES, files=files, platforms=self.platforms, options=options
        )
        for shown in View(report).findings():
            if shown.reported.severity != "note" and not shown.code.startswith(_ABOUT_THE_RUN):
                yield shown.place.line, shown.place.column - 1, f"{shown.code} {paragraph(shown.message)}", type(self)


@cache
def _policy(folder: str, said: str) -> LoadedPolicy:
    """The policy that the options name, or that holds for the files of a folder. One of a folder that is wrong is `stigmer-lint check`'s to
    complain of; one that is named must be right."""
    from stigmer_lint.engine.discover import find_root
    from stigmer_lint.policy.load import NO_POLICY, find_policy, load_policy

    if said == "none":
        return NO_POLICY
    root = find_root([folder or "."], Path(folder or "."))
    if said:
        return load_policy(said, root)
    found = find_policy(Path(folder), root)
    try:
        return NO_POLICY if found is None else load_policy(str(found), root)
    except StigmerLintError:
        return NO_POLICY
