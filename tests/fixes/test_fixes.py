"""Fixes as a user gets them: what is written, what is left alone, and how the command ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-P", "-m", "stigmer_lint", "check", "--no-policy", "--color", "never"]


def run(folder: Path, *arguments: str, code: int | None = None) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run([*COMMAND, *arguments], cwd=folder, capture_output=True, check=False, timeout=60)
    assert done.stderr.find(b"Traceback") < 0, done.stderr.decode()
    if code is not None:
        assert done.returncode == code, done.stdout.decode() + done.stderr.decode()
    return done


def findings(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    return list(json.loads(run(folder, "--format", "json", *arguments).stdout)["findings"])


def mended(folder: Path, text: str, name: str = "compose.yaml", unsafe: bool = True) -> str:
    """What the fixes make of a file; a second run must find nothing more to do."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())
    extra = ["--unsafe-fixes"] if unsafe else []
    run(folder, "--fix", *extra)
    once = file.read_bytes()
    run(folder, "--diff", *extra, code=0)
    return once.decode()


SIBLING = """\
services:
  app:
    image: example/app:1
    environment:
      REDIS_URL: redis://localhost:6380/0   # the cache
  cache:
    image: redis:7
    ports: ["6380:6379"]
"""


def test_the_line_alone_changes(tmp_path: Path) -> None:
    assert mended(tmp_path, SIBLING) == SIBLING.replace("localhost:6380", "cache:6379")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_are_kept(tmp_path: Path, newline: str) -> None:
    text = "services:\n  app:\n    image: example/app:1\n    environment:\n      API_URL: http://host.docker.internal:80\n"
    expected = text + '    extra_hosts:\n      - "host.docker.internal:host-gateway"\n'
    assert mended(tmp_path, text.replace("\n", newline)) == expected.replace("\n", newline)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    extra_hosts:\n    - 'db:10.0.0.1' # ours\n", "    extra_hosts:\n    - 'db:10.0.0.1' # ours\n    - 'host.docker.internal:host-gateway'\n"),
        ("    extra_hosts:\n      db: 10.0.0.1\n", "    extra_hosts:\n      db: 10.0.0.1\n      host.docker.internal: host-gateway\n"),
        ('    extra_hosts: ["db:10.0.0.1"]\n', '    extra_hosts: ["db:10.0.0.1", "host.docker.internal:host-gateway"]\n'),
        ("    extra_hosts: []\n", '    extra_hosts: ["host.docker.internal:host-gateway"]\n'),
        ("    extra_hosts: {db: 10.0.0.1}\n", '    extra_hosts: {db: 10.0.0.1, "host.docker.internal": host-gateway}\n'),
        ("    ports:\n    - '80:80'\n    # the end\n", "    ports:\n    - '80:80'\n    extra_hosts:\n    - 'host.docker.internal:host-gateway'\n    # the end\n"),
        ("    command: |\n      one\n      two\n", '    command: |\n      one\n      two\n    extra_hosts:\n      - "host.docker.internal:host-gateway"\n'),
    ],
)
def test_the_gateway_is_added_in_the_form_that_the_service_has(tmp_path: Path, before: str, after: str) -> None:
    head = "services:\n  app:\n    image: example/app:1\n    environment:\n      API_URL: http://host.docker.internal:80\n"
    tail = "  other:\n    image: example/other:1\n"
    assert mended(tmp_path, head + before + tail) == head + after + tail


def test_a_service_on_one_line_gets_its_gateway_there(tmp_path: Path) -> None:
    text = "services:\n  app: {image: example/app:1, environment: {API_URL: http://host.docker.internal:80}}\n"
    assert mended(tmp_path, text) == text.replace(":80}}", ':80}, extra_hosts: ["host.docker.internal:host-gateway"]}')


def test_two_findings_that_need_the_same_line_get_it_once(tmp_path: Path) -> None:
    text = "services:\n  app:\n    image: example/app:1\n    environment:\n      API_URL: http://localhost:80\n      REDIS_URL: redis://localhost:6379\n"
    done = mended(tmp_path, text)
    assert done.count("extra_hosts") == 1
    assert done.count("host.docker.internal:host-gateway") == 1


def test_services_that_share_the_text_are_all_mended(tmp_path: Path) -> None:
    text = (
        "x-app: &app\n  image: example/app:1\n  container_name: app\n  environment:\n    - API_URL=http://host.docker.internal:80\n"
        "services:\n  one:\n    <<: *app\n    profiles: [one]\n  two:\n    <<: *app\n    profiles: [two]\n"
    )
    assert mended(tmp_path, text).count("host.docker.internal:host-gateway") == 2
    assert not findings(tmp_path)


def test_hosts_that_an_anchor_brings_are_not_replaced(tmp_path: Path) -> None:
    text = (
        "x-base: &base\n  image: example/app:1\n  extra_hosts: ['db:10.0.0.1']\n"
        "services:\n  app:\n    <<: *base\n    environment:\n      API_URL: http://host.docker.internal:80\n"
    )
    assert mended(tmp_path, text) == text
    assert "anchor" in findings(tmp_path)[0]["no_fix"]


def test_a_value_that_services_share_is_changed_only_unsafely(tmp_path: Path) -> None:
    text = (
        "x-env: &env\n  REDIS_URL: redis://localhost:6379\nservices:\n  one:\n    image: example/app:1\n    environment: *env\n"
        "  two:\n    image: example/app:2\n    environment: *env\n  cache:\n    image: redis:7\n"
    )
    assert mended(tmp_path, text, unsafe=False) == text
    assert mended(tmp_path, text) == text.replace("localhost", "cache")


def test_a_guess_needs_to_be_asked_for(tmp_path: Path) -> None:
    text = "services:\n  app:\n    image: example/app:1\n    environment:\n      OLLAMA_BASE_URL: http://localhost:11434\n"
    assert mended(tmp_path, text, unsafe=False) == text
    assert b"1 finding fixable with --fix --unsafe-fixes" in run(tmp_path, code=1).stdout
    assert "http://host.docker.internal:11434" in mended(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("run.sh", "docker run -d \\\n  -e A_URL=http://host.docker.internal:1 x/y:1\n", "docker run --add-host=host.docker.internal:host-gateway -d \\\n  -e A_URL=http://host.docker.internal:1 x/y:1\n"),
        ("Makefile", "run:\n\tdocker run -e A_URL=http://host.docker.internal:1 x/y:1\n", "run:\n\tdocker run --add-host=host.docker.internal:host-gateway -e A_URL=http://host.docker.internal:1 x/y:1\n"),
        (
            ".github/workflows/ci.yml",
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          docker run -e A_URL=http://host.docker.internal:1 x/y:1\n",
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          docker run --add-host=host.docker.internal:host-gateway -e A_URL=http://host.docker.internal:1 x/y:1\n",
        ),
        (
            "a.py",
            "import subprocess\nargs = [\n    'docker',\n    'run',\n    '-e', 'A_URL=http://host.docker.internal:1',\n    'x/y:1',\n]\nsubprocess.run(args)\n",
            "import subprocess\nargs = [\n    'docker',\n    'run',\n    '--add-host=host.docker.internal:host-gateway',\n    '-e', 'A_URL=http://host.docker.internal:1',\n    'x/y:1',\n]\nsubprocess.run(args)\n",
        ),
        (
            "main.go",
            'package main\n\nimport "os/exec"\n\nfunc f() {\n\targs := []string{"run", "-d"}\n\targs = append(args, "-e", "A_URL=http://host.docker.internal:1", "x/y:1")\n\texec.Command("docker", args...).Run()\n}\n',
            'package main\n\nimport "os/exec"\n\nfunc f() {\n\targs := []string{"run", "--add-host=host.docker.internal:host-gateway", "-d"}\n\targs = append(args, "-e", "A_URL=http://host.docker.internal:1", "x/y:1")\n\texec.Command("docker", args...).Run()\n}\n',
        ),
        (
            ".devcontainer/devcontainer.json",
            '{\n\t// ours\n\t"image": "x/y:1",\n\t"containerEnv": {"A_URL": "http://host.docker.internal:1"}, // host\n}\n',
            '{\n\t// ours\n\t"runArgs": ["--add-host=host.docker.internal:host-gateway"],\n\t"image": "x/y:1",\n\t"containerEnv": {"A_URL": "http://host.docker.internal:1"}, // host\n}\n',
        ),
        (
            ".devcontainer/devcontainer.json",
            '{\n  "image": "x/y:1",\n  "runArgs": [\n    "--init" // reap\n  ],\n  "containerEnv": {"A_URL": "http://host.docker.internal:1"}\n}\n',
            '{\n  "image": "x/y:1",\n  "runArgs": [\n    "--init",\n    "--add-host=host.docker.internal:host-gateway" // reap\n  ],\n  "containerEnv": {"A_URL": "http://host.docker.internal:1"}\n}\n',
        ),
    ],
)
def test_the_gateway_is_added_where_the_launch_is_written(tmp_path: Path, name: str, before: str, after: str) -> None:
    assert mended(tmp_path, before, name, unsafe=False) == after


def test_a_diff_is_one_that_git_takes_and_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_bytes(SIBLING.rstrip("\n").encode())
    done = run(tmp_path, "--diff", code=1)
    assert file.read_bytes() == SIBLING.rstrip("\n").encode()
    assert b"1 finding would be fixed" in done.stderr
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=done.stdout, check=True, env={**os.environ, "GIT_DIR": str(tmp_path / "none")})
    assert file.read_bytes() == SIBLING.rstrip("\n").replace("localhost:6380", "cache:6379").encode()
    assert run(tmp_path, "--diff", code=0).stdout == b""


def test_what_is_taken_back_is_counted_and_told(tmp_path: Path) -> None:
    """The resolver is asked on one platform alone, so that more spellings do not clear what is found on the others."""
    (tmp_path / "a.ts").write_text(
        'export function address(url: string) {\n  if (process.platform === "darwin") {\n    return url.replace("localhost", "host.docker.internal");\n  }\n  return url;\n}\n',
        encoding="utf-8",
    )
    (tmp_path / "run.ts").write_text(
        'import { execa } from "execa";\nimport { address } from "./a";\nexeca("docker", ["build", "--build-arg", `API_URL=${address(process.argv[2])}`, "."]);\n', encoding="utf-8"
    )
    done = run(tmp_path, "--diff", "--unsafe-fixes", code=0)
    assert done.stderr.splitlines()[-1] == b"0 findings would be fixed, 1 fix taken back (-v says why)"
    done = run(tmp_path, "--diff", "--unsafe-fixes", "-v", code=0)
    assert done.stderr.splitlines()[-2:] == [b"a.ts:3: STG104 not fixed: the finding would still be there", b"0 findings would be fixed, 1 fix taken back"]
    assert b"fixes: 0 findings fixed, 1 fix taken back (-v says why)\n" in run(tmp_path, "--fix", "--unsafe-fixes", code=1).stdout


def test_the_mode_of_a_file_is_kept_and_no_other_file_appears(tmp_path: Path) -> None:
    file = tmp_path / "run.sh"
    file.write_text("docker run -e A_URL=http://host.docker.internal:1 x/y:1\n", encoding="utf-8")
    file.chmod(0o750)
    run(tmp_path, "--fix", code=0)
    assert file.stat().st_mode & 0o7777 == 0o750
    assert [path.name for path in tmp_path.iterdir()] == ["run.sh"]


def test_a_file_behind_a_link_that_leaves_the_tree_is_not_written(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "compose.yaml").write_text(SIBLING, encoding="utf-8")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "sub").symlink_to(outside)
    (tree / "compose.yaml").symlink_to(outside / "compose.yaml")
    run(tree, "--fix", "--unsafe-fixes")
    assert (outside / "compose.yaml").read_text(encoding="utf-8") == SIBLING
    assert (tree / "compose.yaml").is_symlink()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_file_is_said_to_be_left(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(SIBLING, encoding="utf-8")
    file.chmod(0o444)
    done = run(tmp_path, "--fix", code=3)
    assert b"it was not mended: it is read-only" in done.stdout
    assert b"0 findings fixed" in done.stdout


def test_only_files_that_are_asked_for_are_changed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "compose.yaml").write_text(SIBLING, encoding="utf-8")
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    run(tmp_path, "--fix", "one/compose.yaml", code=0)
    assert "cache:6379" in (tmp_path / "one/compose.yaml").read_text(encoding="utf-8")
    assert (tmp_path / "two/compose.yaml").read_text(encoding="utf-8") == SIBLING


def test_what_a_baseline_holds_is_not_mended(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(SIBLING, encoding="utf-8")
    run(tmp_path, "--write-baseline", code=0)
    run(tmp_path, "--fix", "--baseline", "stigmer-lint-baseline.json", code=0)
    assert (tmp_path / "compose.yaml").read_text(encoding="utf-8") == SIBLING


@pytest.mark.parametrize("gate", ["--baseline", "--diff-base"])
def test_what_is_new_beside_what_is_held_is_mended(tmp_path: Path, gate: str) -> None:
    """What is held has no fix that may be carried out, and is nothing that another fix brings."""
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com"]
    old = tmp_path / "compose.yaml"
    old.write_text(SIBLING, encoding="utf-8")
    subprocess.run([*git, "init", "-q", "."], cwd=tmp_path, check=True)
    subprocess.run([*git, "add", "-A"], cwd=tmp_path, check=True)
    subprocess.run([*git, "commit", "-qm", "old"], cwd=tmp_path, check=True)
    run(tmp_path, "--write-baseline", code=0)
    new = SIBLING.replace("cache", "store")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "compose.yaml").write_text(new, encoding="utf-8")
    subprocess.run([*git, "add", "-A"], cwd=tmp_path, check=True)
    said = [gate, "stigmer-lint-baseline.json" if gate == "--baseline" else "HEAD"]
    assert b"1 finding would be fixed" in (done := run(tmp_path, *said, "--diff", code=1)).stderr
    assert b"no findings" in done.stderr
    run(tmp_path, *said, "--fix", code=0)
    assert (tmp_path / "new" / "compose.yaml").read_text(encoding="utf-8") == new.replace("localhost:6380", "store:6379")
    assert old.read_text(encoding="utf-8") == SIBLING


def test_what_a_comment_excuses_is_not_mended(tmp_path: Path) -> None:
    text = SIBLING.replace("# the cache", "# stigmer: ignore[STG106] its own redis")
    assert mended(tmp_path, text) == text


def test_json_sarif_and_annotations_carry_the_fix(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(SIBLING, encoding="utf-8")
    (one,) = findings(tmp_path)
    assert one["fix"]["safety"] == "safe"
    data = SIBLING.encode()
    for edit in reversed(one["fix"]["edits"]):
        data = data[: edit["start"]] + edit["text"].encode() + data[edit["end"] :]
    assert data.decode() == SIBLING.replace("localhost:6380", "cache:6379")
    sarif = json.loads(run(tmp_path, "--format", "sarif").stdout)
    (fix,) = sarif["runs"][0]["results"][0]["fixes"]
    assert fix["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"] == "cache"
    assert b"%0Afix (safe): write cache:6379 in place of localhost" in run(tmp_path, "--format", "github").stdout


@pytest.mark.parametrize("arguments", [("--fix", "--write-baseline"), ("--fix", "--stdin-filename", "compose.yaml", "-"), ("--unsafe-fixes",)])
def test_what_cannot_be_done_is_said_before(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "compose.yaml").write_text(SIBLING, encoding="utf-8")
    done = subprocess.run([*COMMAND, *arguments], cwd=tmp_path, input=SIBLING.encode(), capture_output=True, check=False, timeout=60)
    assert done.returncode == 2
    assert (tmp_path / "compose.yaml").read_text(encoding="utf-8") == SIBLING


def test_a_diff_for_standard_input_is_that_of_what_was_given(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {}\n", encoding="utf-8")
    done = subprocess.run([*COMMAND, "--diff", "--stdin-filename", "compose.yaml", "-"], cwd=tmp_path, input=SIBLING.encode(), capture_output=True, check=False, timeout=60)
    assert done.returncode == 1
    assert b"+      REDIS_URL: redis://cache:6379/0   # the cache\n" in done.stdout
