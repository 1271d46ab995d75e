"""References that the env file of a Compose project answers under another name."""

from __future__ import annotations

from pathlib import Path

import pytest

from stigmer_lint.engine.judge import Options
from stigmer_lint.engine.run import check
from stigmer_lint.policy.types import NO_POLICY
from stigmer_rules import RULES

COMPOSE = "services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_USER: ${DB_USER}\n      POSTGRES_DB: ${DB_NAME}\n      POSTGRES_PASSWORD: ${%s}\n"
ENV = "DB_USER=a\nDB_NAME=b\n%s=c\n"


def told(folder: Path, files: dict[str, str]) -> list[tuple[str, int, str]]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    done = check(folder, policy=NO_POLICY, rules=RULES, options=Options(select=("STG203",)), cwd=folder)
    return [(one.finding.span.path, done.sources[one.finding.span.path].line_of(one.finding.span.start), one.finding.env or "") for one in done.findings]


@pytest.mark.parametrize(
    ("asked", "given", "found"),
    [
        ("DB_PASSWORD", "DB_PASSWORD", False),
        ("DB_DB_PASSWORD", "DB_PASSWORD", True),
        ("DB_PASSWROD", "DB_PASSWORD", True),
        ("DB_PASSWORD", "DATABASE_PASS", True),
        ("DB_PASSWORDD:-x", "DB_PASSWORD", True),
        # A default of its own is an answer, and an optional name beside another is no slip.
        ("DB_SECRET:-x", "DB_PASSWORD", False),
        ("DB_PASSWORD", "MAIL_FROM", False),
    ],
)
@pytest.mark.parametrize("env", [".env", ".env.example"])
def test_a_reference_beside_a_line_that_nothing_takes(tmp_path: Path, asked: str, given: str, found: bool, env: str) -> None:
    got = told(tmp_path, {"compose.yaml": COMPOSE % asked, env: ENV % given})
    assert got == ([("compose.yaml", 7, asked.partition(":")[0])] if found else [])


def test_what_something_else_gives_is_not_lost(tmp_path: Path) -> None:
    files = {"compose.yaml": COMPOSE % "DB_DB_PASSWORD", ".env": ENV % "DB_PASSWORD", "up.sh": "DB_DB_PASSWORD=$(cat key) docker compose up\n"}
    assert told(tmp_path, files) == []


def test_a_line_that_a_container_gets_with_the_whole_file_may_be_read_there(tmp_path: Path) -> None:
    text = (COMPOSE % "DB_PASSWORD") + "    env_file:\n      - .env\n"
    assert told(tmp_path, {"compose.yaml": text, ".env": ENV % "DATABASE_PASS"}) == []
    assert told(tmp_path, {"compose.yaml": text.replace("DB_PASSWORD", "DB_DB_PASSWORD"), ".env": ENV % "DB_PASSWORD"}) == [("compose.yaml", 7, "DB_DB_PASSWORD")]


def test_a_variable_that_is_set_to_another_than_its_own(tmp_path: Path) -> None:
    text = (COMPOSE % "DB_PASSWORD").replace("POSTGRES_USER: ${DB_USER}", "A_RUNNER_NAME: ${ACT_RUNNER_NAME:-x}") + "      HOST: ${GATEWAY_HOST:-x}\n      A_HOST: ${ONE_A_HOST:-x}\n      OTHER: ${DB_USER}\n"
    env = ENV % "DB_PASSWORD"
    assert told(tmp_path, {"compose.yaml": text, ".env.example": env}) == []
    assert told(tmp_path, {"compose.yaml": text, ".env.example": env + "A_RUNNER_NAME=a\nHOST=b\nA_HOST=c\n"}) == [("compose.yaml", 5, "ACT_RUNNER_NAME")]
    assert told(tmp_path, {"compose.yaml": text, ".env.example": env + "A_RUNNER_NAME=a\nACT_RUNNER_NAME=b\n"}) == []


def test_a_reference_in_the_env_file_itself(tmp_path: Path) -> None:
    env = "DB_USER=a\nDB_NAME=b\nDB_PASSWORD=c\nDB_HOST_PART=/x\nURL=postgres://h${DB_DB_HOST_PART}\n"
    assert told(tmp_path, {"compose.yaml": (COMPOSE % "DB_PASSWORD") + "      U: ${URL}\n", ".env": env}) == [(".env", 5, "DB_DB_HOST_PART")]


def test_an_env_file_of_something_else_says_nothing(tmp_path: Path) -> None:
    env = "A_ONE=1\nB_TWO=2\nC_THREE=3\nDB_PASSWORD=4\n"
    assert told(tmp_path, {"compose.yaml": COMPOSE % "DB_DB_PASSWORD", ".env": env}) == []
