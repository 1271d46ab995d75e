"""`policy check`, `policy schema`, `policy explain`."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from stigmer_lint.errors import PolicyError, UsageError
from stigmer_lint.policy.cli import RULES, policy

TEXT = """\
version: 1
extends: base.yaml
containers:
  a:
    match: {name: a}
    uses: [db]
    env:
      required: [MODE, {name: REGION, because: billing}]
      set: {MODE: x, A_TOKEN: hunter2, OTHER: hunter3}
      secret: ["OTHER"]
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "stigmer-lint.yaml").write_text(TEXT)
    (tmp_path / "base.yaml").write_text("version: 1\nservices:\n  db: {address: 'localhost:5432', env: [DB]}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(policy, list(arguments))


def test_check_says_what_the_policy_holds(tree: Path) -> None:
    assert run("check").output == "stigmer-lint.yaml: valid; 1 service, 1 container, 0 resolvers, extends base.yaml\n"


def test_check_knows_the_rules_that_its_caller_names(tree: Path) -> None:
    (tree / "p.yaml").write_text("version: 1\nrules: {STG999: off}\n")

    @click.group()
    @click.pass_context
    def main(ctx: click.Context) -> None:
        ctx.meta[RULES] = lambda: {"STG101": "loopback-in-container"}

    main.add_command(policy)
    result = CliRunner().invoke(main, ["policy", "check", "p.yaml"])
    assert isinstance(result.exception, PolicyError)
    assert str(result.exception) == "p.yaml:2:17: rules.STG999: unknown rule 'STG999'; expected STG101"


def test_schema_is_printed_whole(tree: Path) -> None:
    assert json.loads(run("schema").output)["title"] == "stigmer-lint policy"


def test_explain_says_where_each_value_came_from(tree: Path) -> None:
    output = run("explain", "a").output
    lines = {line.split()[0]: line.split() for line in output.splitlines() if line.startswith("  ")}
    assert lines["DB"][1:] == ["localhost:5432", "carries", "db;", "base.yaml:3:41"]
    assert lines["MODE"][1:] == ["x", "required;", "stigmer-lint.yaml:8:18"]
    assert lines["url"][1:] == ["{address}", "default"]
    assert "because REGION: billing" in output


def test_explain_shows_no_secret(tree: Path) -> None:
    for form in ("text", "json"):
        output = run("explain", "a", "--format", form).output
        assert "hunter2" not in output
        assert "hunter3" not in output


def test_explain_names_the_nearest_container(tree: Path) -> None:
    (tree / "stigmer-lint.yaml").write_text("version: 1\ncontainers: {worker: {match: {name: w}}}\n")
    result = run("explain", "wroker")
    assert isinstance(result.exception, UsageError)
    assert "did you mean 'worker'" in str(result.exception)


def test_no_policy_is_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    assert isinstance(run("check").exception, UsageError)
