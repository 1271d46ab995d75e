"""The pack of Semgrep rules that a policy makes, run by Semgrep itself on the pages' blocks and on code of our own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import stigmer_rules
from stigmer_lint.frontends.yaml_nodes import load
from stigmer_lint.model.span import SourceFile
from stigmer_lint.pages import cases, parse
from stigmer_lint.policy.decode import Problems, decode
from stigmer_lint.policy.semgrep import pack
from stigmer_lint.policy.types import NO_POLICY, LoadedPolicy

SEMGREP = os.environ.get("STIGMER_LINT_SEMGREP") or shutil.which("semgrep")
needs_semgrep = pytest.mark.skipif(SEMGREP is None, reason="semgrep is not installed; STIGMER_LINT_SEMGREP may name its program")
COVERED = frozenset(("STG101", "STG102", "STG105", "STG110", "STG111"))
LANGUAGES = ("go", "python", "javascript", "typescript", "tsx", "java")
POLICY = """\
version: 1
resolvers: [containerAddress, container_address]
services:
  ollama: {address: localhost:11434, env: [OLLAMA_BASE_URL], url: "http://{address}", because: "the outage of spring"}
env_roles: {CONSOLE_URL: public, SITE_URL: dial}
"""


def policy(text: str | None) -> LoadedPolicy:
    if text is None:
        return NO_POLICY
    problems = Problems()
    (document,) = load(SourceFile("stigmer-lint.yaml", text.encode()))
    decoded, positions = decode(document.root, problems)  # type: ignore[arg-type]
    assert decoded is not None, problems.found
    return LoadedPolicy(decoded, "stigmer-lint.yaml", positions)


def scan(folder: Path, rules: str) -> set[tuple[str, int, str]]:
    """(path, line, code) of everything that Semgrep finds, without the network."""
    assert SEMGREP is not None
    config = folder.parent / f"{folder.name}.pack.yaml"
    config.write_text(rules, encoding="utf-8")
    done = subprocess.run(
        [SEMGREP, "scan", "--metrics=off", "--disable-version-check", "--quiet", "--json", "--no-git-ignore", "--config", str(config), "."],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    out = json.loads(done.stdout)
    assert out["errors"] == []
    return {(one["path"], one["start"]["line"], one["extra"]["metadata"]["stigmer"]) for one in out["results"]}


BEYOND = (("STG110", ".listen("), ("STG102", ".DaemonHost()"), ("STG105", "network_mode=network_mode("))
"""Forms of bad blocks of which the pack's header says that it does not find them: what they are about is in no launch that is written."""


@needs_semgrep
def test_semgrep_finds_every_bad_block_that_the_pack_covers_and_no_good_one(tmp_path: Path) -> None:
    trees: dict[str | None, dict[str, tuple[str, set[str]]]] = {}
    pages = sorted(Path(stigmer_rules.__file__).parent.glob("*.md"))
    for page in pages:
        for number, case in enumerate(cases(parse(page.name, page.read_text(encoding="utf-8")))):
            said = case.policy.text if case.policy else None
            for block in case.blocks:
                if case.role in ("bad", "good") and block.language in LANGUAGES and not case.todo:
                    name = f"{page.stem}-{number}/{block.path}"
                    trees.setdefault(said, {})[name] = (block.text, {mark.code for mark in block.marks})
    wrong = []
    covered = 0
    for at, (said, files) in enumerate(trees.items()):
        folder = tmp_path / f"tree{at}"
        for name, (text, _) in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        found = scan(folder, pack(policy(said)))
        for name, (text, marked) in files.items():
            codes = {code for path, _, code in found if path == name}
            if any(marked == {code} and form in text for code, form in BEYOND):
                continue
            covered += bool(marked & COVERED)
            if codes != marked & COVERED:
                wrong.append((name, sorted(codes), sorted(marked)))
    assert wrong == []
    assert covered >= 20


BAD = {
    "Bad.java": """\
class Bad {
  static final String URL = "http://localhost:11434";
  void a(String given) throws Exception {
    new ProcessBuilder("docker", "run", "-e", "LLM_URL=http://localhost:1", "x/y").start(); // STG101
    String redis = "redis://127.0.0.1:6379";
    List<String> args = List.of("docker", "run", "-e", "REDIS_URL=" + redis, "x/y"); // STG101
    new ProcessBuilder("docker", "run", "-e", "OLLAMA_BASE_URL=" + given, "x/y").start(); // STG102
    Runtime.getRuntime().exec(new String[]{"docker", "run", "-e", "LLM_URL=" + URL, "x/y"}); // STG101
    new GenericContainer<>("x/y").withExposedPorts(1).withEnv("LLM_URL", "http://172.17.0.1:1").start(); // STG110
    new ProcessBuilder("docker", "run", "--network", "host", "x/y").start(); // STG105
  }
}
""",
    "bad.go": """\
package main

const llm = "http://localhost:11434"

func a() {
	exec.Command("docker", "run", "-e", "LLM_URL="+llm, "x/y").Run() // STG101
	url := fmt.Sprintf("http://localhost:%d", 1)
	exec.Command("/usr/bin/podman", "run", "--env", fmt.Sprintf("LLM_URL=%s", url), "x/y").Run() // STG101
	args := []string{"run", "-e", "OLLAMA_BASE_URL=" + os.Getenv("OLLAMA")} // STG102
	exec.Command("docker", args...).Run()
	exec.Command("docker", "run", "-e", "SITE_URL=http://localhost:1", "x/y").Run() // STG101
}
""",
}
GOOD = {
    "Good.java": """\
class Good {
  void a(String given) throws Exception {
    new ProcessBuilder("docker", "run", "-e", "LLM_URL=http://host.docker.internal:1", "x/y").start();
    new ProcessBuilder("docker", "run", "-p", "127.0.0.1:80:80", "-e", "PUBLIC_URL=http://localhost:80", "x/y").start();
    new ProcessBuilder("docker", "run", "-e", "OLLAMA_BASE_URL=" + containerAddress(given), "x/y").start();
    System.out.println("http://localhost:1");
  }
}
""",
    "good.go": """\
package main

func a(given string) {
	host := "host.docker.internal"
	switch runtime.GOOS {
	case "linux":
		host = "localhost"
	}
	exec.Command("docker", "run", "-e", "LLM_URL=http://"+host+":1", "x/y").Run()
	exec.Command("docker", "run", "-e", "OLLAMA_BASE_URL="+net.containerAddress(given), "x/y").Run()
	exec.Command("docker", "run", "-e", "LISTEN_ADDR=0.0.0.0:1", "-e", "CONSOLE_URL=http://localhost:1", "x/y").Run()
	exec.Command("sed", "-e", "s=http://localhost=x=").Run()
	exec.Command("docker", "run", "-e", "LLM_URL=http://localhost.example.com", "-e", "A_URL=http://mylocalhost:1", "x/y").Run()
	// stigmer: ignore[STG101] the worker listens there itself
	exec.Command("docker", "run", "-e", "LLM_URL=http://localhost:1", "x/y").Run()
}
""",
}


@needs_semgrep
def test_semgrep_follows_values_and_takes_resolvers_roles_and_comments_for_what_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for name, text in {**BAD, **GOOD}.items():
        (folder / name).write_text(text, encoding="utf-8")
    marked = {
        (name, number, code[1]) for name, text in BAD.items() for number, line in enumerate(text.splitlines(), 1) if (code := re.search(r"// (STG\d+)$", line))
    }
    assert scan(folder, pack(policy(POLICY))) == marked


def test_the_pack_says_what_it_leaves_out_and_is_the_same_every_time() -> None:
    text = pack(policy(POLICY))
    assert text == pack(policy(POLICY))
    header = text[: text.index("rules:")]
    assert all(line.startswith("# ") for line in header.splitlines())
    for code in ("STG2xx", "STG103", "STG104", "STG106", "STG108", "STG301"):
        assert code in header
    rules = yaml.safe_load(text)["rules"]
    assert {rule["metadata"]["stigmer"] for rule in rules} == COVERED
    assert {language for rule in rules for language in rule["languages"]} == {"go", "python", "javascript", "typescript", "java"}
    assert any("the outage of spring" in rule["message"] for rule in rules)
    sanitized = [rule for rule in rules if rule.get("mode") == "taint"]
    assert sanitized
    assert all({"pattern": "containerAddress(...)"} in rule["pattern-sanitizers"] for rule in sanitized)


def test_a_rule_that_the_policy_turns_off_is_not_in_the_pack() -> None:
    text = pack(policy("version: 1\nrules: {STG110: off, STG105: error}\nplatforms: [linux]\n"))
    assert "# Off by the policy: STG110." in text
    assert {rule["metadata"]["stigmer"] for rule in yaml.safe_load(text)["rules"]} == {"STG101", "STG111"}


def test_a_hostile_policy_makes_data_only() -> None:
    text = pack(policy("version: 1\nresolvers: [a]\nservices:\n  \"x\\nrules: []\": {address: 'localhost:1', env: [A_URL], because: \"b\\n- id: evil\"}\n"))
    assert not [rule for rule in yaml.safe_load(text)["rules"] if rule["id"] == "evil"]


def test_the_command_prints_the_pack_without_semgrep(tmp_path: Path) -> None:
    (tmp_path / "stigmer-lint.yaml").write_text(POLICY, encoding="utf-8")
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-P", "-m", "stigmer_lint", "policy", "semgrep"], cwd=tmp_path, capture_output=True, text=True, env=environment, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == pack(policy(POLICY))
