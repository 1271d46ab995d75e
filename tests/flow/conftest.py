"""Launch code as a person writes it: a tree on disk, in which the lines that must be found end in a comment with the code."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from stigmer_lint.engine.run import check
from stigmer_lint.policy.types import NO_POLICY
from stigmer_rules import RULES

_MARK = re.compile(r"(?://|#) ((?:STG\d+ ?)+)$")


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., None]:
    """Check a tree (path -> text) and hold it to its marks, among the rules whose codes begin so."""

    def judged(tree: dict[str, str], codes: tuple[str, ...] = ("STG1",)) -> None:
        wanted: set[tuple[str, int, str]] = set()
        for path, text in tree.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            for number, line in enumerate(text.splitlines(), 1):
                mark = _MARK.search(line)
                wanted |= {(path, number, code) for code in mark[1].split()} if mark else set()
        report = check(tmp_path, policy=NO_POLICY, rules=RULES, cwd=tmp_path)
        assert not report.errors
        said = {
            (one.finding.span.path, report.sources[one.finding.span.path].position(one.finding.span.start).line, one.rule.code)
            for one in report.findings if one.rule.code.startswith(codes)
        }
        assert said == wanted

    return judged
