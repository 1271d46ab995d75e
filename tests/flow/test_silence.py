"""What could not be read is said, also where it is looked for by how it is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stigmer_lint.engine.run import check
from stigmer_lint.flow import binds, rewrites
from stigmer_lint.policy.types import NO_POLICY
from stigmer_rules import RULES


def test_a_request_whose_parts_come_from_elsewhere_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "body.ts").write_text(
        "// docker\nexport function body(o: any) {\n  return { Image: o.image, Env: Object.keys(o.env), HostConfig: o.host };\n}\n", encoding="utf-8"
    )
    report = check(tmp_path, policy=NO_POLICY, rules=RULES, cwd=tmp_path)
    assert [gap.span.path for gap in report.gaps] == ["body.ts"]


@pytest.mark.parametrize(("module", "name"), [(binds, "binds"), (rewrites, "rewrites")])
def test_a_failure_of_ours_on_a_file_is_told_with_its_name(module: object, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run.py").write_text(
        "import subprocess\nfrom http.server import HTTPServer\n\n\ndef start(url):\n    HTTPServer(('127.0.0.1', 1), None)\n"
        "    url = url.replace('localhost', 'host.docker.internal')\n"
        "    subprocess.run(['docker', 'run', '-e', 'A_URL=http://host.docker.internal:1', '-e', f'B_URL={url}', 'x/y'])\n",
        encoding="utf-8",
    )

    def broken(*_: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(module, name, broken)
    report = check(tmp_path, policy=NO_POLICY, rules=RULES, cwd=tmp_path)
    assert [(error.path, "broken" in error.why) for error in report.errors] == [("run.py", True)]


MANAGER = """package manager

import "os/exec"

type Config struct{ APIURL, DockerHost string }

type Manager struct{ config Config }

func New(cfg Config) *Manager { return &Manager{config: cfg} }

func NewWithPlatform(cfg Config) *Manager { return &Manager{config: cfg} }

func (m *Manager) Start() error {
	return exec.Command("docker", "run", "-e", "LLM_BASE_URL="+m.config.APIURL, "example/runtime:1").Run()%s
}
"""
MAIN = """package main

import "example.org/app/manager"

func main() { manager.New(manager.Config{APIURL: "http://%s:8080"}).Start() }
"""
TRIED = """package manager

func made() *Manager { return NewWithPlatform(Config{APIURL: "http://localhost:8080"}) }
"""


def test_what_tests_make_is_not_what_the_program_makes(found: Callable[..., None]) -> None:
    module = {"go.mod": "module example.org/app\n", "manager/manager_test.go": TRIED}
    found({**module, "manager/manager.go": MANAGER % "", "main.go": MAIN % "platform"})
    found({**module, "manager/manager.go": MANAGER.replace(".Run()%s", ".Run() // STG101"), "main.go": MAIN % "localhost"})
