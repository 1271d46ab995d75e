"""`map`: one document in four formats, without secrets, whatever the tree calls its things."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

COMPOSE = """
services:
  web:
    build: ./web
    ports: ["8080:8000"]
    environment:
      DATABASE_URL: postgres://app:hunter2@db:5432/app
      CACHE_URL: redis://localhost:6379
      OLLAMA_BASE_URL: http://host.docker.internal:11434
      SESSION_SECRET: correct-horse
  db:
    image: postgres:16
  cache:
    image: redis:7
"""
READER = 'import os\nDB = os.environ["DATABASE_URL"]\nKEY = os.environ["SIGNING_NAME"]\nMAIL = os.environ.get("SMTP_HOST", "localhost")\n'


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-P", "-m", "stigmer_lint", "map", *arguments], cwd=folder, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "web").mkdir()
    (tmp_path / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    (tmp_path / "web/Dockerfile").write_text("FROM python:3.12-slim\nCOPY . /app\n", encoding="utf-8")
    (tmp_path / "web/main.py").write_text(READER, encoding="utf-8")
    return tmp_path


def document(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(folder, "--format", "json"))
    return found


def test_json_joins_what_is_set_read_and_reached(project: Path) -> None:
    chart = document(project)
    web = next(one for one in chart["launches"] if one["service"] == "web")
    ids = {one["service"]: one["id"] for one in chart["launches"]}
    assert (chart["version"], web["path"], web["line"], web["code"]["sources"]) == (1, "compose.yaml", 3, ["web"])
    assert {one["name"]: (one["value"], one["secret"]) for one in web["env"]} == {
        "DATABASE_URL": ("postgres://app:***@db:5432/app", False), "CACHE_URL": ("redis://localhost:6379", False),
        "OLLAMA_BASE_URL": ("http://host.docker.internal:11434", False), "SESSION_SECRET": ("***", True),
    }  # fmt: skip
    assert next(one for one in web["env"] if one["name"] == "DATABASE_URL")["read"] == ["web/main.py:2"]
    assert {one["name"]: (one["required"], one["loopback"], one["set"]) for one in web["reads"]} == {
        "DATABASE_URL": (True, False, True), "SIGNING_NAME": (True, False, False), "SMTP_HOST": (False, True, False),
    }  # fmt: skip
    reaches = {one["name"]: one for one in web["reaches"]}
    assert (reaches["DATABASE_URL"]["kind"], reaches["DATABASE_URL"]["to"]) == ("launch", ids["db"])
    assert (reaches["CACHE_URL"]["kind"], reaches["CACHE_URL"]["to"], reaches["CACHE_URL"]["answers"]["linux"]) == ("launch", ids["cache"], "unreachable")
    assert (reaches["OLLAMA_BASE_URL"]["to"], reaches["OLLAMA_BASE_URL"]["answers"]) == (
        "host:host:11434", {"linux": "unreachable", "macos": "reachable", "windows": "reachable"},
    )  # fmt: skip
    assert {"STG106", "STG103", "STG203"} <= {one["rule"] for one in web["findings"]}
    assert [one["label"] for one in chart["targets"]] == ["host:11434"]


@pytest.mark.parametrize("form", ["text", "json", "mermaid", "html"])
def test_no_format_shows_a_secret_and_all_are_stable(project: Path, form: str) -> None:
    first = run(project, "--format", form)
    assert "hunter2" not in first
    assert "correct-horse" not in first
    assert first == run(project, "--format", form)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.events: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("href", "src"):
                self.links.append(value or "")
            if name == "id":
                self.ids.add(value or "")
            if name.startswith("on"):
                self.events.append(name)


HOSTILE = """
services:
  a:
    image: "x</title><script>alert(1)</script>:1"
    container_name: "a\\"]; click l0 \\"javascript:alert(1)\\" --> end %% `x`"
    environment:
      "API_URL": "http://b:80/</code><img src=x onerror=alert(1)>"
      "X\\"|}} --> l9": "http://localhost:1/"
  b:
    image: "b\\nend\\nsubgraph x"
    ports: ["80"]
"""


def test_a_page_of_hostile_names_holds_no_element_of_theirs(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(HOSTILE, encoding="utf-8")
    text = run(tmp_path, "--format", "html")
    page = _Page()
    page.feed(text)
    assert not page.tags & {"script", "img", "iframe", "link", "object"}
    assert not page.events
    assert page.links
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert "alert(1)" in text


_LABEL = r'"(?:[A-Za-z0-9 ./:_,()@-]|#\d+;|<br/>)*"'
_LINE = re.compile(
    rf"flowchart LR|  subgraph g\d+\[{_LABEL}\]|    l\d+\[{_LABEL}\]|  end|  t\d+\(\[{_LABEL}\]\)|  [lt]\d+ (?:-->|-\.->)\|{_LABEL}\| [lt]\d+"
    r"|  classDef \w+ [\w:#,-]+|  class l\d+(?:,l\d+)* \w+|  linkStyle \d+(?:,\d+)* stroke:#c00|  %% \d+ more arrows are left out; the JSON has them"
)


def test_a_chart_of_hostile_names_is_made_of_our_lines_alone(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(HOSTILE, encoding="utf-8")
    lines = run(tmp_path, "--format", "mermaid").splitlines()
    assert [line for line in lines if not _LINE.fullmatch(line)] == []
    assert any("-.->" in line for line in lines)


def test_a_chart_stays_within_what_mermaid_draws_and_says_so(tmp_path: Path) -> None:
    rows = ["services:"]
    for index in range(300):
        rows += [f"  s{index}:", f"    image: e/s{index}:1", "    ports: ['80']", "    environment:", f"      A_URL: http://s{(index + 1) % 300}:80", f"      B_URL: http://s{(index + 7) % 300}:80"]
    (tmp_path / "compose.yaml").write_text("\n".join(rows), encoding="utf-8")
    text = run(tmp_path, "--format", "mermaid")
    assert text.count("-->") == 480
    assert "%% 120 more arrows are left out" in text
    assert len(text) < 50_000


def test_a_tree_that_launches_nothing_has_an_empty_map(tmp_path: Path) -> None:
    chart = document(tmp_path)
    assert (chart["launches"], chart["targets"], chart["findings"]) == ([], [], [])
    assert "flowchart LR" in run(tmp_path, "--format", "mermaid")
    assert "0 launches" in run(tmp_path, "--format", "html")
