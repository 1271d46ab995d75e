"""What other tools read: the action's script run as a runner runs it, completion, the schema for SchemaStore."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, ValidationError

ROOT = Path(os.environ.get("STIGMER_LINT_CHECKOUT") or Path(__file__).parents[2])
COMMAND = [sys.executable, "-P", "-m", "stigmer_lint"]
COMPOSE = "services:\n  app:\n    image: example/app:1\n    environment:\n      OLLAMA_BASE_URL: http://localhost:11434\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="the runner's shell is not here")
def test_the_action_annotates_and_writes_a_summary_and_a_report(tmp_path: Path) -> None:
    """The script of action.yml, with an environment that is made by this interpreter in place of an installation."""
    (step,) = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    made = f'mkdir -p "$3/bin"; printf "#!/bin/sh\\nexit 0\\n" > "$3/bin/python"; printf "#!/bin/sh\\nexec {sys.executable} -P -m stigmer_lint \\"\\$@\\"\\n" > "$3/bin/stigmer-lint"; chmod +x "$3"/bin/*'
    (bin_ / "python3").write_text(f"#!/bin/sh\n{made}\n", encoding="utf-8")
    (bin_ / "python3").chmod(0o755)
    tree = tmp_path / "a <b> tree"
    tree.mkdir()
    (tree / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    summary = tmp_path / "summary.md"
    env = {
        **os.environ, "PATH": f"{bin_}:{os.environ['PATH']}", "RUNNER_TEMP": str(tmp_path), "GITHUB_STEP_SUMMARY": str(summary), "SOURCE": str(ROOT),
        "PATHS": ".", "ARGS": "--no-policy\n", "VERSION": "", "SARIF": "out.sarif",
    }  # fmt: skip
    done = subprocess.run(["bash", "-c", step["run"]], cwd=tree, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("::error file=compose.yaml,line=5")
    assert "STG101" in summary.read_text(encoding="utf-8")
    assert json.loads((tree / "out.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    (tree / "compose.yaml").write_text("services: {}\n", encoding="utf-8")
    assert subprocess.run(["bash", "-c", step["run"]], cwd=tree, env=env, capture_output=True, check=False, timeout=120).returncode == 0


REVIEWDOG = os.environ.get("STIGMER_LINT_REVIEWDOG") or shutil.which("reviewdog")


@pytest.mark.skipif(not REVIEWDOG, reason="reviewdog is not here; tools/reviewdog builds it, and STIGMER_LINT_REVIEWDOG may name its program")
def test_reviewdog_reads_findings_and_suggests_the_fixes(tmp_path: Path) -> None:
    """What it would write into a review: `-reporter=rdjsonl` prints it."""
    (tmp_path / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    (tmp_path / "Dockerfile").write_text("FROM python:3.12\nENV REDIS_URL=redis://localhost:6379/0\n", encoding="utf-8")
    sarif = subprocess.run([*COMMAND, "check", "--format", "sarif"], cwd=tmp_path, capture_output=True, check=False, timeout=60).stdout
    assert REVIEWDOG
    told = subprocess.run(
        [REVIEWDOG, "-f=sarif", "-reporter=rdjsonl", "-filter-mode=nofilter", "-fail-level=none"], cwd=tmp_path, input=sarif, capture_output=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    image, address = (json.loads(line) for line in told.splitlines())
    assert (address["location"]["path"], address["location"]["range"]["start"], address["code"]["value"], address["severity"]) == (
        "compose.yaml", {"line": 5, "column": 24}, "STG101", "ERROR",
    )  # fmt: skip
    assert address["suggestions"][0] == {"range": {"start": {"line": 5, "column": 31}, "end": {"line": 5, "column": 40}}, "text": "host.docker.internal"}
    assert image["suggestions"][0]["range"]["end"] == {"line": 3, "column": 1}, "the whole line is taken out"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_there_for_each_shell(shell: str) -> None:
    env = {**os.environ, "_STIGMER_LINT_COMPLETE": f"{shell}_source"}
    if shell == "bash" and shutil.which("bash") is None:
        pytest.skip("click asks bash for its version")
    done = subprocess.run(COMMAND, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert "_STIGMER_LINT_COMPLETE" in done.stdout
    env |= {"_STIGMER_LINT_COMPLETE": f"{shell}_complete", "COMP_WORDS": "stigmer-lint check --unsa", "COMP_CWORD": "--unsa" if shell == "fish" else "2"}
    assert "--unsafe-fixes" in subprocess.run(COMMAND, env=env, capture_output=True, text=True, check=False, timeout=60).stdout
    env |= {"COMP_WORDS": "stigmer-lint ver", "COMP_CWORD": "ver" if shell == "fish" else "1"}
    assert "verify" in subprocess.run(COMMAND, env=env, capture_output=True, text=True, check=False, timeout=60).stdout


def test_the_schema_for_schemastore_is_draft_07_and_takes_the_shipped_policies() -> None:
    import stigmer_policies

    schema: dict[str, Any] = json.loads(subprocess.run([*COMMAND, "policy", "schema", "--draft-07"], capture_output=True, check=True, timeout=60).stdout)
    Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert "$defs" not in json.dumps(schema)
    entry = json.loads((ROOT / "docs" / "schemastore-catalog-entry.json").read_text(encoding="utf-8"))
    assert entry["url"] == schema["$id"]
    assert set(entry) == {"name", "description", "fileMatch", "url"}
    validator = Draft7Validator(schema)
    for path in Path(stigmer_policies.__file__).parent.glob("*.yaml"):
        validator.validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    with pytest.raises(ValidationError):
        validator.validate({"version": 1, "containers": {"a": {"match": {"image": 3}}}})
    with pytest.raises(ValidationError):
        validator.validate({"version": 1, "plattforms": []})


def test_policies_are_found_under_the_names_that_the_catalog_matches() -> None:
    from stigmer_lint.policy.find import FILE_NAMES

    assert json.loads((ROOT / "docs" / "schemastore-catalog-entry.json").read_text(encoding="utf-8"))["fileMatch"] == list(FILE_NAMES)
