"""Secrets of a Compose project: files of the tree, read for an address and for nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from stigmer_lint.engine.run import check
from stigmer_lint.policy.types import NO_POLICY
from stigmer_lint.report import render
from stigmer_lint.report.layout import Layout
from stigmer_rules import RULES

COMPOSE = """services:
  app:
    image: example/app:1
    environment:
      DATABASE_URL_FILE: %s
    secrets: %s
  db:
    image: postgres:16
secrets:
  db_url:
    file: ./secrets/db_url.txt
"""


@pytest.mark.parametrize(
    ("named", "given"),
    [
        ("/run/secrets/db_url", "[db_url]"),
        ("/run/secrets/url", "[{source: db_url, target: url}]"),
        ("/etc/url", "[{source: db_url, target: /etc/url}]"),
    ],
)
def test_an_address_in_a_secret_s_file_is_what_the_variable_names(tmp_path: Path, named: str, given: str) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/db_url.txt").write_text("postgres://app:hunter2@localhost:5432/app?key=abcdef\n", encoding="utf-8")
    (tmp_path / "compose.yaml").write_text(COMPOSE % (named, given), encoding="utf-8")
    report = check(tmp_path, policy=NO_POLICY, rules=RULES, cwd=tmp_path)
    assert [(one.rule.code, one.finding.env) for one in report.findings] == [("STG106", "DATABASE_URL")]
    for form in ("text", "json", "sarif"):
        told = render(report, form, Layout())
        assert "hunter2" not in told
        assert "abcdef" not in told


@pytest.mark.parametrize(
    ("named", "given", "held"),
    [
        ("/run/secrets/other", "[db_url]", "postgres://localhost/app"),
        ("/run/secrets/db_url", "[]", "postgres://localhost/app"),
        ("/run/secrets/db_url", "[db_url]", "postgres://db/app"),
        ("/run/secrets/db_url", "[db_url]", "no address"),
        ("/run/secrets/db_url", "[db_url]", None),
    ],
)
def test_what_is_not_given_or_no_loopback_address_says_nothing(tmp_path: Path, named: str, given: str, held: str | None) -> None:
    if held is not None:
        (tmp_path / "secrets").mkdir()
        (tmp_path / "secrets/db_url.txt").write_text(held, encoding="utf-8")
    (tmp_path / "compose.yaml").write_text(COMPOSE % (named, given), encoding="utf-8")
    assert check(tmp_path, policy=NO_POLICY, rules=RULES, cwd=tmp_path).findings == ()
