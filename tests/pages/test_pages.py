"""Every example of every page, run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import stigmer_rules
from stigmer_lint.page_trials import Trial
from stigmer_lint.pages import Case, cases, parse

FOLDER = Path(stigmer_rules.__file__).parent


def every_case() -> Iterator[object]:
    for path in sorted(FOLDER.glob("*.md")):
        for case in cases(parse(path.name, path.read_text(encoding="utf-8"))):
            yield pytest.param(case, id=f"{path.stem}-{case.id}")


@pytest.mark.parametrize("case", list(every_case()))
def test_page(case: Case, trial: Callable[[Case], Trial]) -> None:
    done = trial(case)
    if case.todo:
        assert done.problems, "this known miss is found now: take `todo` from the block"
        pytest.xfail("; ".join(done.problems))
    assert not done.problems, "\n".join([f"{case.page}:{case.blocks[0].line}", *done.problems, "", done.report])
    assert not done.outdated, f"{case.page}:{case.output and case.output.line}: run `make pages`; the program prints\n{done.report}"
