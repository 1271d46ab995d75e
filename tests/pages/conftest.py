"""Every page is parsed once and every tree checked once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stigmer_lint.page_trials import Trial, attempt
from stigmer_lint.pages import Case
from stigmer_rules import RULES


@pytest.fixture(scope="session")
def trial() -> Callable[[Case], Trial]:
    done: dict[tuple[str, str], Trial] = {}

    def tried(case: Case) -> Trial:
        key = (case.page, case.id)
        if key not in done:
            done[key] = attempt(case, RULES)
        return done[key]

    return tried
