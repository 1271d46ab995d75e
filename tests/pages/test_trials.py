"""That a page which is wrong is found out."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.page_trials import Trial, attempt, languages
from stigmer_lint.pages import cases, parse
from stigmer_lint.rule import Finding, Policy, Rule, RuleEntry, World
from stigmer_rules import RULES as SHIPPED

HEAD = "# bad-variable (STG999)\n\n## Bad\n\n"


def check(world: World, policy: Policy) -> Iterator[Finding]:
    for launch in world.launches:
        for setting in launch.any.env:
            if setting.name == "BAD":
                yield Finding(rule="STG999", message="BAD is set.", span=setting.span, launch=launch)


RULES = (RuleEntry(Rule(code="STG999", name="bad-variable", summary="x", severity="error"), check, "bad_variable"),)


def tried(text: str) -> list[Trial]:
    return [attempt(case, RULES) for case in cases(parse("p.md", HEAD + text))]


def shell(role: str, command: str) -> str:
    return f"```shell {role}\ndocker run {command}\n```\n"


def test_what_is_marked_and_found_passes() -> None:
    (trial,) = tried(shell("bad", "-e BAD=1 img # STG999"))
    assert trial.passed


def test_a_mark_without_a_finding_fails() -> None:
    (trial,) = tried(shell("bad", "-e GOOD=1 img # STG999"))
    assert trial.problems == ("run.sh:1: STG999 was not found",)


def test_a_finding_without_a_mark_fails() -> None:
    (trial,) = tried("```shell bad\ndocker run -e BAD=1 img # STG999\ndocker run -e BAD=2 img\n```\n")
    assert trial.problems == ("run.sh:2: STG999 was found and is not marked",)


def test_a_second_finding_on_a_marked_line_fails() -> None:
    (trial,) = tried("```shell bad\ndocker run -e BAD=1 img; docker run -e BAD=2 img # STG999\n```\n")
    assert trial.problems == ("run.sh:1: STG999 was found and is not marked",)


def test_a_good_tree_with_a_finding_fails() -> None:
    (trial,) = tried(shell("good", "-e BAD=1 img"))
    assert not trial.passed


def test_the_policy_of_the_page_applies() -> None:
    (trial,) = tried("```yaml policy\nversion: 1\nrules: {STG999: off}\n```\n" + shell("good", "-e BAD=1 img"))
    assert trial.passed


def test_an_output_that_differs_fails_and_the_report_is_at_hand() -> None:
    (trial,) = tried(shell("bad", "-e BAD=1 img # STG999") + "```text output\nold\n```\n")
    assert trial.problems == ()
    assert trial.outdated
    assert not trial.passed
    (again,) = tried(shell("bad", "-e BAD=1 img # STG999") + f"```text output\n{trial.report}```\n")
    assert again.passed
    assert "run.sh:1:" in trial.report


def test_a_language_counts_with_a_passing_bad_and_a_passing_good_tree() -> None:
    both = shell("bad", "-e BAD=1 img # STG999") + shell("good", "-e A=1 img")
    python = '```python bad\nimport subprocess\nsubprocess.run(["docker", "run", "-e", "BAD=1", "img"])  # STG999\n```\n'
    miss = shell("todo bad", "-e GOOD=1 img # STG999")
    assert languages("STG999", tried(both + python + miss)) == ("Shell",)
    assert languages("STG999", tried(miss + shell("good", "-e A=1 img"))) == ()


REAL = """# sibling-by-loopback (STG106)

## Bad

```yaml bad
services:
  app:
    image: example/app:1
    environment:
      REDIS_URL: redis://localhost:6379 # STG106
  cache:
    image: redis:7
```

```yaml fixed
services:
  app:
    image: example/app:1
    environment:
      REDIS_URL: redis://cache:6379
  cache:
    image: redis:7
```
"""


def fixed(text: str) -> Trial:
    return next(attempt(case, SHIPPED) for case in cases(parse("p.md", text)) if case.role == "fixed")


def test_what_the_fixes_write_passes_as_fixed() -> None:
    assert fixed(REAL).passed


def test_a_fixed_block_that_is_good_and_not_what_the_fixes_write_fails() -> None:
    (problem,) = fixed(REAL.replace("redis://cache:6379\n", "redis://cache:6379/0\n")).problems
    assert problem.startswith("compose.yaml: --fix writes\n--- a/compose.yaml")
