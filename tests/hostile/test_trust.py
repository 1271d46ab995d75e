"""Nothing of the checked tree is run, no name in it forges what a runner reads, and no secret of it gets out."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

URL = "http://localhost:11434"
FORMATS = ("text", "concise", "json", "sarif", "github", "gitlab", "junit")

TRAPS = (
    "conftest.py", "setup.py", "setup.cfg", "sitecustomize.py", "usercustomize.py", "plugin.py", "click.py", "yaml.py", "msgspec.py", "json.py", "re.py", "types.py",
    "typing.py", "tree_sitter.py", "tree_sitter_go.py", "libcst.py", "rich.py", "stigmer_rules/__init__.py", "stigmer_policies/__init__.py", "lint_rules/__init__.py",
    "policies/__init__.py", "encodings/__init__.py", "multiprocessing/__init__.py", "importlib/__init__.py", "fnmatch.py", "difflib.py", "hashlib.py", "subprocess.py",
)


@pytest.mark.parametrize("start", ["-m", "script", "below"])
def test_nothing_of_the_tree_is_imported_or_run(start: str, tree: Any) -> None:
    mark = tree.outside / "ran"
    trap = f"open({str(mark)!r}, 'w').write(__file__)\nraise SystemExit(99)\n"
    for path in TRAPS:
        tree.write(path, trap)
        tree.write(f"src/{path}", trap)
    tree.write("stigmer_lint/__init__.py", trap)
    tree.write("stigmer_lint/__main__.py", trap)
    tree.write("evil.pth", f"import os; open({str(mark)!r}, 'w')\n")
    tree.write("stigmer_lint-9.dist-info/entry_points.txt", "[stigmer_lint.rules]\nevil = plugin:RULES\n[flake8.extension]\nSTG = plugin:Plugin\n")
    tree.write("stigmer_lint-9.dist-info/METADATA", "Metadata-Version: 2.1\nName: stigmer-lint\nVersion: 9\n")
    tree.write("pyproject.toml", '[tool.stigmer-lint]\nplugins = ["plugin"]\n[project.entry-points."stigmer_lint.rules"]\nevil = "plugin:RULES"\n')
    tree.write("stigmer-lint.yaml", "version: 1\nplatforms: [linux, macos]\n")
    tree.write("main.py", "import subprocess, plugin, conftest\nsubprocess.run(['docker', 'run', '-e', 'A_ENDPOINT=' + plugin.x, 'x/y'])\n")
    tree.write("main.sh", f"#!/bin/sh\ntouch {mark}\ndocker run -e A_ENDPOINT=$(touch {mark}; echo {URL}) x/y\n")
    tree.write("Makefile", f"X := $(shell touch {mark})\nrun:\n\tdocker run -e A_ENDPOINT=$(X) x/y\n")
    command = {"-m": (sys.executable, "-m", "stigmer_lint"), "script": (str(Path(sys.executable).with_name("stigmer-lint")),), "below": (sys.executable, "-P", "-m", "stigmer_lint")}[start]
    done = tree.run("check", "--format", "json", *([".."] if start == "below" else []), command=command, cwd=tree.root / "src" if start == "below" else tree.root)
    assert not mark.exists(), mark.read_text(encoding="utf-8")
    assert done.status == 1, done.err.decode()
    assert any(path == "cmd/witness.go" for _, path, _ in done.findings)


def test_a_policy_can_name_no_code(tree: Any) -> None:
    mark = tree.outside / "ran"
    for text in (
        f"version: 1\nplatforms: !!python/object/apply:os.system ['touch {mark}']\n",
        f"!!python/object/new:os.system ['touch {mark}']\n",
        "version: 1\nplugins: [plugin]\n",
        "version: 1\nrules: {STG101: !!python/name:os.system }\n",
    ):
        tree.write("stigmer-lint.yaml", text)
        done = tree.run("check")
        assert done.status == 2
        assert b"stigmer-lint.yaml:" in done.err
        assert not mark.exists()


POLICIES = {
    "a policy that extends itself": ({"stigmer-lint.yaml": "version: 1\nextends: stigmer-lint.yaml\n"}, b"stigmer-lint.yaml:2"),
    "policies in a ring": ({"stigmer-lint.yaml": "version: 1\nextends: b.yaml\n", "b.yaml": "version: 1\nextends: stigmer-lint.yaml\n"}, b".yaml:2"),
    "a policy outside": ({"stigmer-lint.yaml": "version: 1\nextends: ../outside/policy.yaml\n"}, b"stigmer-lint.yaml:2"),
    "an absolute path": ({"stigmer-lint.yaml": "version: 1\nextends: /etc/passwd\n"}, b"stigmer-lint.yaml:2"),
    "a bomb": ({"stigmer-lint.yaml": "version: 1\na: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"b{i}: &b{i} [{','.join(['*a' if not i else f'*b{i - 1}'] * 9)}]\n" for i in range(9))}, b"stigmer-lint.yaml"),
    "depth": ({"stigmer-lint.yaml": "version: 1\nservices: " + "[" * 100_000}, b"stigmer-lint.yaml"),
}


@pytest.mark.parametrize("what", POLICIES)
def test_a_hostile_policy_is_refused_with_its_place(what: str, tree: Any) -> None:
    files, said = POLICIES[what]
    (tree.outside / "policy.yaml").write_text("version: 1\nrules: {STG101: off}\n", encoding="utf-8")
    for path, text in files.items():
        tree.write(path, text)
    done = tree.run("check")
    assert done.status == 2
    assert said in done.err
    assert done.seconds < 2


def test_globs_of_a_policy_match_in_linear_time(tree: Any) -> None:
    stars = "*a" * 15 + "b"
    deep = "**/" * 6 + "*a" * 4 + "b"
    tree.write("stigmer-lint.yaml", (
        f"version: 1\nexclude: ['{deep}', '{stars}']\nenv_roles: {{'{stars}': public}}\n"
        f"containers:\n  app:\n    match: {{image: '{stars}', name: '{stars}'}}\n    env: {{optional: ['{stars}'], secret: ['{stars}']}}\n"
        f"paths: [{{match: '{deep}', rules: {{STG101: off}}, reason: x}}]\n"
    ))
    long = "a" * 5_000
    tree.write("compose.yaml", f"services:\n  app:\n    image: {long}\n    container_name: {long}\n    environment: ['{long}={URL}']\n")
    tree.write("a" * 250 + "/" + "a" * 250 + ".sh", f"docker run --name {long} -e {long}={URL} {long}\n")
    tree.write("a/" * 200 + "a.sh", f"docker run -e A_ENDPOINT={URL} x/y\n")
    tree.write(".gitignore", f"{'**/' * 60}{'*a' * 60}b\n{'*' * 5_000}b\n{'[a-' * 1_000}\n{'*a' * 60}b\n")
    tree.write(".dockerignore", f"{'**/' * 60}{'*a' * 60}b\n")
    tree.check(status=1)


def test_patterns_of_a_policy_that_are_too_long_are_refused_with_their_place(tree: Any) -> None:
    tree.write("stigmer-lint.yaml", f"version: 1\nexclude: ['{'*' * 500}b']\nenv_roles: {{'{'*a' * 60}': public}}\n")
    done = tree.run("check")
    assert done.status == 2
    assert b"stigmer-lint.yaml:2:11: exclude.0" in done.err
    assert b"stigmer-lint.yaml:3:" in done.err


NAMES = (
    "a\n::error::forged.sh", "::error file=x::forged.sh", "a%0A::error::forged.sh", "\x1b[2J\x1b]0;title\x07.sh", "\u202egnp.sh", "quote\"'<&>]]>.sh", "a\r\nb.sh", " .sh",
    "x" * 252 + ".sh", "##[error]forged.sh", "\u2028.sh", "-rf.sh", "a,b;c=d.sh", "$(touch ran).sh", "`x`.sh",
)  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_no_name_in_the_tree_forges_a_command_or_moves_the_cursor(form: str, tree: Any) -> None:
    for name in NAMES:
        tree.write(f"{name[:100]}d/{name}", f"docker run --name '{name[:60]}' -e 'A_ENDPOINT={URL}/::error::x' x/y # {name}\n")
    (tree.root / os.fsdecode(b"\xff\xfe.sh")).write_text(f"docker run -e A_ENDPOINT={URL} x/y\n", encoding="utf-8")
    tree.write(NAMES[0].replace(".sh", ".py"), b"docker = '\0'\nimport subprocess\nsubprocess.run(['docker'])\n")
    done = tree.check("-v", "--show-gaps", form=form)
    text = done.out.decode("utf-8")
    assert re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", text) is None
    if form == "github":
        for line in text.splitlines():
            if line.lstrip().startswith("::"):
                assert re.match(r"::(error|warning|notice) (file=[^:,\n]+,line=\d+,endLine=\d+,(col=\d+,endColumn=\d+,)?)?title=[^:,]+::", line)
    else:
        assert re.search(r"^\s*::|##\[", text, re.MULTILINE) is None
    if form in ("json", "sarif", "gitlab"):
        json.loads(text)


SECRETS = {
    "OPENAI_API_KEY": "sk-abcdefghijklmnopqrstuvwxyz0123456789ABCD",
    "GITHUB_TOKEN": "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "DB_PASSWORD": "hunter2hunter2",
    "REDIS_URL": "redis://user:hunter3hunter3@localhost:6379/0",
    "SESSION_JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "MY_SECRET": "hunter4hunter4-http://localhost:1234",
}
HIDDEN = ("abcdefghijklmnopqrstuvwxyz", "hunter2", "hunter3", "hunter4", "dozjgNryP4J3")


@pytest.mark.parametrize("form", FORMATS)
def test_secrets_of_the_tree_stay_in_it(form: str, tree: Any) -> None:
    options = " ".join(f"-e '{name}={value}'" for name, value in SECRETS.items())
    tree.write("main.sh", f"#!/bin/sh\ndocker run {options} -e A_ENDPOINT=http://u:hunter2@localhost:11434 x/y\ndocker run {options} x/y\n")
    tree.write("main.py", f"import subprocess\nkey = {SECRETS['OPENAI_API_KEY']!r}\nsubprocess.run(['docker', 'run', '-e', f'A_ENDPOINT=http://{{key}}@localhost:11434', '-e', 'REDIS_URL={SECRETS['REDIS_URL']}', 'x/y'])\n")
    tree.write("compose.yaml", "services:\n  app:\n    image: x/y\n    environment:\n" + "".join(f"      {name}: '{value}'\n" for name, value in SECRETS.items()))
    tree.write("Dockerfile", "FROM a/b\n" + "".join(f"ENV {name}={value}\n" for name, value in SECRETS.items()))
    tree.write("cut/compose.yaml", "services:\n  app:\n    image: x/y\n    environment: {DB_PASSWORD: hunter2hunter2, A: [" + "[" * 1000)
    done = tree.check("-v", "--show-gaps", form=form)
    text = (done.out + done.err).decode("utf-8")
    for secret in HIDDEN:
        assert secret not in text
