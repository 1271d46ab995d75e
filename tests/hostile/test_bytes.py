"""Files that are not the text they should be: what is never closed, other encodings, other line ends, wrong bytes, far too many."""

from __future__ import annotations

from typing import Any

import pytest

URL = "http://localhost:11434"
WRITTEN = {
    "main.go": f'package main\n\nimport "os/exec"\n\nfunc run() {{\n\t/* é日𝒳 */ exec.Command("docker", "run", "-e", "A_ENDPOINT={URL}", "x/y").Run()\n}}\n',
    "main.py": f'import subprocess\n\nprint("é日𝒳"); subprocess.run(["docker", "run", "-e", "A_ENDPOINT={URL}", "x/y"])\n',
    "main.js": f'const {{ spawnSync }} = require("child_process");\n\n/* é日𝒳 */ spawnSync("docker", ["run", "-e", "A_ENDPOINT={URL}", "x/y"]);\n',
    "main.ts": f'import {{ spawnSync }} from "child_process";\n\n/* é日𝒳 */ spawnSync("docker", ["run", "-e", "A_ENDPOINT={URL}", "x/y"]);\n',
    "main.sh": f"#!/bin/sh\n\necho é日𝒳; docker run -e A_ENDPOINT={URL} x/y\n",
    "Makefile": f"run:\n\techo é日𝒳; docker run -e A_ENDPOINT={URL} x/y\n",
    "compose.yaml": f"services:\n  app:\n    image: example/app:1\n    environment: {{É: é日𝒳, A_ENDPOINT: '{URL}'}}\n",
    "Dockerfile": f"FROM a/b\n\nENV X=é日𝒳 A_ENDPOINT={URL}\n",
    "k8s.yaml": f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - {{name: é日𝒳, image: a/b, env: [{{name: A_ENDPOINT, value: '{URL}'}}]}}\n",
    ".devcontainer/devcontainer.json": f'{{\n "image": "a/b",\n "containerEnv": {{"É": "é日𝒳", "A_ENDPOINT": "{URL}"}}\n}}\n',
}


def place(done: Any, path: str) -> tuple[int, int]:
    found = [(one["line"], one["column"]) for one in done.report["findings"] if one["path"] == path and one["env"] == "A_ENDPOINT"]
    assert len(found) == 1, done.report
    return found[0]


FORMS = {
    "plain": lambda text: text.encode(),
    "BOM": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "no line end": lambda text: text.rstrip("\n").encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_line_and_column_are_those_that_an_editor_shows(form: str, tree: Any) -> None:
    for path, text in WRITTEN.items():
        tree.write(path, FORMS[form](text))
    done = tree.check(status=1)
    for path, text in WRITTEN.items():
        line, column = place(done, path)
        shown = text.splitlines()[line - 1]
        assert URL.startswith(shown[column - 1 :][:4].strip("'\"")) or shown[column - 1 :].lstrip("'\"").startswith((URL, "A_ENDPOINT")), (path, line, column)


@pytest.mark.parametrize("path", WRITTEN)
def test_lone_carriage_returns_neither_hang_nor_hide_the_others(path: str, tree: Any) -> None:
    tree.write(path, WRITTEN[path].replace("\n", "\r"))
    done = tree.check()
    assert set(done.failures) <= {path}


BROKEN = {
    "NUL bytes": (lambda text: text.encode().replace(b"run", b"r\0un", 1) + b"\0docker run", "NUL"),
    "UTF-16": (lambda text: text.encode("utf-16"), "UTF-16"),
    "UTF-16, no mark": (lambda text: text.encode("utf-16-le"), None),
    "11 MB": (lambda text: text.encode() + b"\n" * 11_000_000, "11,000"),
    "11 MB of one line": (lambda text: text.encode() + b"# docker run " + b"x" * 11_000_000, "11,000"),
}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("path", WRITTEN)
def test_what_cannot_be_read_is_named(path: str, how: str, tree: Any) -> None:
    make, why = BROKEN[how]
    tree.write(path, make(WRITTEN[path]))
    done = tree.check()
    if why is not None:
        assert why in done.failures.get(path, "nothing")
        assert done.status == 3
    assert set(done.failures) <= {path}


@pytest.mark.parametrize("path", WRITTEN)
def test_invalid_bytes_cost_nothing_but_themselves(path: str, tree: Any) -> None:
    tree.write(path, WRITTEN[path].encode().replace("é".encode(), b"\xff\xfe\xc3\x28\xed\xa0\x80"))
    done = tree.check()
    if done.failures:
        assert set(done.failures) == {path}
        assert done.status == 3
    else:
        place(done, path)


@pytest.mark.parametrize("ending", ["", '"', "'", "`", "<<EOF", "'''", '"""', "/*", "${", "$(", "{", "[", "(", "{{", "\\", "f'{", "&a *a", "|", ">-", "%{", "#{", "\x1a", "\x0c", "\u2028"])
def test_what_is_never_closed_costs_nothing_but_itself(ending: str, tree: Any) -> None:
    for path, text in WRITTEN.items():
        tree.write(path, text + ending)
        tree.write(f"empty/{path}", "")
        tree.write(f"only/{path}", ending)
        tree.write(f"cut/{path}", text.encode()[: len(text) * 2 // 3])
    done = tree.check()
    assert not any(path.startswith("empty/") for path in done.failures)


def test_a_large_file_that_launches_nothing_is_no_failure(tree: Any) -> None:
    tree.write("data.py", b"x = 1\n" * 2_000_000)
    tree.write("video.ts", b"\x47\x40\0\0" * 3_000_000)
    tree.check(status=1)


@pytest.mark.parametrize(("path", "read"), [("src/launch.ts", True), ("src/launch.py", False)])
def test_a_nul_in_a_text_of_javascript_is_a_character(path: str, read: bool, tree: Any) -> None:
    """Languages differ: JavaScript takes it in texts and comments, Python and Go nowhere."""
    call = 'spawn("docker", ["run", "-e", "LLM_BASE_URL=http://localhost:11434", "example/app:1"])'
    head = 'import { spawn } from "child_process";\n' if read else "from subprocess import Popen as spawn\n"
    tree.write(path, (head + call + "\n" + 'const key = "a\0b";\n'.replace("const ", "" if not read else "const ") + f"{'//' if read else '#'} {'x' * 60}\n" * 20).encode())
    done = tree.check(status=1 if read else 3)
    assert (path in done.failures) is not read
