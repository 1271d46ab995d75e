"""The square: rule, page, list of rules, schema, README row and examples belong together."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import stigmer_rules
from stigmer_lint.page_trials import Trial
from stigmer_lint.pages import Case, Page, cases, parse
from stigmer_lint.rule import RuleEntry
from stigmer_rules import RULES

FOLDER = Path(stigmer_rules.__file__).parent
ROOT = Path(__file__).parents[2]
HEADINGS = ("What it finds", "Why it hurts", "Bad", "Good", "At run time", "When to ignore it", "Limits")

every_rule = pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.rule.code) for entry in RULES])


def page_of(entry: RuleEntry) -> Page:
    path = FOLDER / f"{stem(entry)}.md"
    return parse(path.name, path.read_text(encoding="utf-8"))


def stem(entry: RuleEntry) -> str:
    return entry.module.rpartition(".")[2]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pages_tool", ROOT / "tools" / "pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_rule_module_is_listed_once() -> None:
    modules = sorted(path.stem for path in FOLDER.glob("*.py") if not path.name.startswith("_"))
    assert sorted(stem(entry) for entry in RULES) == modules


def test_every_page_belongs_to_a_rule() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.md")) == sorted(stem(entry) for entry in RULES)


def test_codes_and_names_are_unique_and_in_order() -> None:
    codes = [entry.rule.code for entry in RULES]
    assert codes == sorted(set(codes))
    assert len({entry.rule.name for entry in RULES}) == len(RULES)


@every_rule
def test_a_rule_is_named_like_its_file(entry: RuleEntry) -> None:
    assert stem(entry) == entry.rule.name.replace("-", "_")
    assert re.fullmatch(r"STG[1-9][0-9]{2}", entry.rule.code)


@every_rule
def test_a_rule_has_a_sentence_that_says_what_it_finds(entry: RuleEntry) -> None:
    assert entry.rule.summary
    assert len(entry.rule.summary) <= 120
    assert "\n" not in entry.rule.summary


@every_rule
def test_a_page_is_headed_by_its_rule_and_has_every_part(entry: RuleEntry) -> None:
    page = page_of(entry)
    assert (page.name, page.code) == (entry.rule.name, entry.rule.code)
    assert page.headings == HEADINGS


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.rule.code) for entry in RULES if "lint" in entry.rule.phases])
def test_a_page_shows_its_rule_both_ways_in_every_language(entry: RuleEntry, trial: Callable[[Case], Trial]) -> None:
    from stigmer_lint.pages import label

    found = [case for case in cases(page_of(entry)) if not case.todo]
    bad = {label(block) for case in found if case.role == "bad" for block in case.blocks if any(m.code == entry.rule.code for m in block.marks)}
    good = {label(block) for case in found if case.role == "good" for block in case.blocks}
    assert bad, "the page shows no finding of its own rule"
    assert bad - good == set(), "shown to find something, not shown to stay silent"


@every_rule
def test_policy_keys_are_keys_of_the_policy(entry: RuleEntry) -> None:
    from stigmer_lint.policy import schema

    built = schema.build()
    for key in entry.rule.policy_keys:
        body = built
        for part in key.split("."):
            while "$ref" in body:
                body = built["$defs"][body["$ref"].rpartition("/")[2]]
            properties = body.get("properties", {})
            inner = body.get("additionalProperties")
            if part not in properties and isinstance(inner, dict):
                body = inner
                while "$ref" in body:
                    body = built["$defs"][body["$ref"].rpartition("/")[2]]
                properties = body.get("properties", {})
            assert part in properties, f"{key}: {part}"
            body = properties[part]


def test_generated_tables_are_up_to_date(tool: ModuleType, trial: Callable[[Case], Trial]) -> None:
    stale = [path.relative_to(ROOT).as_posix() for path, text in tool.generate(trial).items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    assert stale == [], "run `make pages`"


@every_rule
def test_the_readme_has_a_row_for_the_rule(entry: RuleEntry) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"| [{entry.rule.code}](" in readme
