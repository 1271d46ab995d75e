"""Resolvers that know some spellings of loopback are taught the others."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import Mend

GO = """package main

import (
	"net/url"
	"os/exec"
	"strings"
)

func containerAddress(address string) string {
	full := address
	if !strings.Contains(full, "://") {
		full = "tcp://" + full
	}
	u, err := url.Parse(full)
	if err != nil {
		return address
	}
	BODY
		alias := "host.docker.internal"
		if port := u.Port(); port != "" {
			alias += ":" + port
		}
		return strings.Replace(address, u.Host, alias, 1)
	}
	return address
}

func start(ollama string) error {
	return exec.Command("docker", "run", "--add-host=host.docker.internal:host-gateway", "-e", "A_URL="+containerAddress(ollama), "example/worker:1").Run()
}
"""
GO_REPLACES = """package main

import (
	"os/exec"
	"strings"
)

func containerAddress(address string) string {
	BODY
}

func start(ollama string) error {
	return exec.Command("docker", "run", "--add-host=host.docker.internal:host-gateway", "-e", "A_URL="+containerAddress(ollama), "example/worker:1").Run()
}
"""
GO_PATTERN = r"regexp.MustCompile(`(^|[^\w.-])(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])([^\w.-]|$)`).ReplaceAllString(address, "
PATTERN = r"(?<![\w.-])(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?![\w.-])"
PYTHON = """import subprocess


def container_address(address: str) -> str:
    BODY


def start(ollama: str) -> None:
    subprocess.run(
        ["docker", "run", "--add-host", "host.docker.internal:host-gateway", "-e", f"A_URL={container_address(ollama)}", "example/worker:1"], check=True
    )
"""
TYPESCRIPT = """import { spawn } from "node:child_process";

HEAD
function containerAddress(address: string): string {
  const url = new URL(address.includes("://") ? address : `tcp://${address}`);
  BODY
}

export function start(ollama: string): void {
  spawn("docker", ["run", "--add-host=host.docker.internal:host-gateway", "-e", `A_URL=${containerAddress(ollama)}`, "example/worker:1"]);
}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('switch u.Hostname() {\n\tcase "localhost", "127.0.0.1":', 'switch u.Hostname() {\n\tcase "localhost", "127.0.0.1", "::1", "0.0.0.0":'),
        (
            'if u.Hostname() == "localhost" {',
            'if u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "0.0.0.0" {',
        ),
        (
            'if u.Hostname() == "localhost" && u.User == nil {',
            'if (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "0.0.0.0") && u.User == nil {',
        ),
    ],
)  # fmt: skip
def test_go_asks_for_the_others_in_its_own_form(mend: Mend, before: str, after: str) -> None:
    files, left = mend({"a.go": GO.replace("BODY", before)}, unsafe=False)
    assert (files["a.go"], left) == (GO.replace("BODY", after), ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('return strings.ReplaceAll(address, "localhost", "host.docker.internal")', f'return {GO_PATTERN}"${{1}}host.docker.internal${{2}}")'),
        (
            'return strings.Replace(strings.Replace(address, "://localhost:", "://host.docker.internal:", 1), "127.0.0.1", "host.docker.internal", 1)',
            f'return {GO_PATTERN}"${{1}}host.docker.internal${{2}}")',
        ),
        (
            'alias := "host.docker.internal"\n\treturn strings.ReplaceAll(address, "localhost", alias)',
            f'alias := "host.docker.internal"\n\treturn {GO_PATTERN}"${{1}}"+alias+"${{2}}")',
        ),
    ],
)  # fmt: skip
def test_go_replaces_whole_names_by_pattern_and_imports_what_that_needs(mend: Mend, before: str, after: str) -> None:
    assert mend({"a.go": GO_REPLACES.replace("BODY", before)}, unsafe=False)[0]["a.go"] == GO_REPLACES.replace("BODY", before), "it is unsafe"
    files, left = mend({"a.go": GO_REPLACES.replace("BODY", before)})
    # Nothing else uses the package strings, which Go takes for an error.
    assert (files["a.go"], left) == (GO_REPLACES.replace('\t"strings"\n', '\t"regexp"\n').replace("BODY", after), ())


def test_go_asks_a_list_of_the_file(mend: Mend) -> None:
    before = GO.replace('"os/exec"\n', '"os/exec"\n\t"slices"\n').replace("func containerAddress", 'var loopback = []string{"localhost", "127.0.0.1"}\n\nfunc containerAddress').replace("BODY", "if slices.Contains(loopback, u.Hostname()) {")
    files, left = mend({"a.go": before}, unsafe=False)
    assert (files["a.go"], left) == (before.replace('"127.0.0.1"}', '"127.0.0.1", "::1", "0.0.0.0"}'), ())


def test_of_two_functions_of_a_file_the_last_takes_the_import_out(mend: Mend) -> None:
    one = 'func NAME(address string) string {\n\treturn strings.ReplaceAll(address, "localhost", "host.docker.internal")\n}\n\n'
    text = GO_REPLACES.replace("func containerAddress(address string) string {\n\tBODY\n}\n\n", one.replace("NAME", "first") + one.replace("NAME", "second"))
    text = text.replace('"A_URL="+containerAddress(ollama)', '"A_URL="+first(ollama), "-e", "B_URL="+second(ollama)')
    files, left = mend({"a.go": text})
    assert left == ()
    assert files["a.go"].count("regexp.MustCompile") == 2
    assert '"strings"' not in files["a.go"]


def test_go_keeps_the_package_that_something_else_uses(mend: Mend) -> None:
    text = GO_REPLACES.replace("BODY", 'return strings.ReplaceAll(strings.TrimSpace(address), "localhost", "host.docker.internal")')
    files, _ = mend({"a.go": text})
    assert '\t"os/exec"\n\t"regexp"\n\t"strings"\n' in files["a.go"]
    assert "ReplaceAllString(strings.TrimSpace(address), " in files["a.go"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('return address.replace("localhost", "host.docker.internal")', f'return re.sub(r"{PATTERN}", "host.docker.internal", address)'),
        (
            'return address.replace("localhost", "host.docker.internal").replace("127.0.0.1", "host.docker.internal")',
            f'return re.sub(r"{PATTERN}", "host.docker.internal", address)',
        ),
        (
            "if 'localhost' in address:\n        return address.replace('localhost', 'host.docker.internal', 1)\n    return address",
            "if 'localhost' in address or '127.0.0.1' in address or '[::1]' in address or '0.0.0.0' in address:\n"
            f"        return re.sub(r\"{PATTERN}\", 'host.docker.internal', address, count=1)\n    return address",
        ),
    ],
)  # fmt: skip
def test_python_replaces_whole_names_by_pattern(mend: Mend, before: str, after: str) -> None:
    files, left = mend({"a.py": PYTHON.replace("BODY", before)})
    assert (files["a.py"], left) == (PYTHON.replace("import subprocess\n", "import re\nimport subprocess\n").replace("BODY", after), ())


def test_a_pattern_gets_further_alternatives(mend: Mend) -> None:
    before = PYTHON.replace("import subprocess\n", "import re\nimport subprocess\n").replace("BODY", r'return re.sub(r"(?<![\w.-])localhost(?![\w.-])", "host.docker.internal", address)')
    files, left = mend({"a.py": before}, unsafe=False)
    assert (files["a.py"], left) == (before.replace("-])localhost(", r"-])(?:localhost|127\.0\.0\.1|\[::1\]|0\.0\.0\.0)("), ())


@pytest.mark.parametrize(
    ("head", "body", "new_head", "new_body"),
    [
        (
            'const loopback = ["localhost", "127.0.0.1"];', 'return loopback.includes(url.hostname) ? address.replace(url.hostname, "host.docker.internal") : address;',
            'const loopback = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"];',
            'return loopback.includes(url.hostname) ? address.replace(url.hostname, "host.docker.internal") : address;',
        ),
        (
            "", 'if (url.hostname !== "localhost") {\n    return address;\n  }\n  return address.replace(url.hostname, "host.docker.internal");',
            "", 'if (url.hostname !== "localhost" && url.hostname !== "127.0.0.1" && url.hostname !== "[::1]" && url.hostname !== "0.0.0.0") {\n'
            '    return address;\n  }\n  return address.replace(url.hostname, "host.docker.internal");',
        ),
        ("", 'return address.replace("http://localhost", "http://host.docker.internal");', "", f'return address.replace(/{PATTERN}/, "host.docker.internal");'),
        ("", "return address.replaceAll('localhost', 'host.docker.internal');", "", f"return address.replace(/{PATTERN}/g, 'host.docker.internal');"),
    ],
)  # fmt: skip
def test_typescript_asks_for_the_others_in_its_own_form(mend: Mend, head: str, body: str, new_head: str, new_body: str) -> None:
    files, left = mend({"a.ts": TYPESCRIPT.replace("HEAD", head).replace("BODY", body)})
    assert (files["a.ts"], left) == (TYPESCRIPT.replace("HEAD", new_head).replace("BODY", new_body), ())


SED = [
    "sed 's/localhost/host.docker.internal/g' | sed 's/127\\.0\\.0\\.1/host.docker.internal/g'",
    "sed -e 's/localhost/host.docker.internal/' -e 's/127.0.0.1/host.docker.internal/'",
    'sed "s|localhost|host.docker.internal|g; s|127.0.0.1|host.docker.internal|g"',
]


@pytest.mark.skipif(shutil.which("sed") is None, reason="sed is not here")
@pytest.mark.parametrize("written", SED)
def test_sed_replaces_every_spelling_and_whole_names_alone(mend: Mend, written: str, tmp_path: Path) -> None:
    files, left = mend({"run.sh": f'#!/bin/sh\nFIXED=$(echo "$API_URL" | {written})\ndocker run --add-host host.docker.internal:host-gateway -e API_URL="$FIXED" x/y\n'})
    line = files["run.sh"].splitlines()[1]
    assert left == ()
    assert line.count("sed") == 1
    for given, wanted in {
        "http://localhost:1/x": "http://host.docker.internal:1/x", "127.0.0.1:2": "host.docker.internal:2", "http://[::1]:3": "http://host.docker.internal:3",
        "0.0.0.0": "host.docker.internal", "http://mylocalhost:8": "http://mylocalhost:8", "http://localhost.example.com": "http://localhost.example.com",
        "localhost:1,localhost:2": "host.docker.internal:1,host.docker.internal:2",
    }.items():  # fmt: skip
        done = subprocess.run(["sh", "-c", f'{line}\nprintf %s "$FIXED"'], env={"API_URL": given, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True)
        assert done.stdout == wanted


def test_sed_that_does_more_is_left(mend: Mend) -> None:
    text = "#!/bin/sh\nFIXED=$(echo \"$API_URL\" | sed 's/localhost/host.docker.internal/g; s/127.0.0.1/host.docker.internal/g; s/http:/https:/')\ndocker run -e API_URL=\"$FIXED\" x/y\n"
    assert mend({"run.sh": text})[0]["run.sh"] == text




@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not here")
@pytest.mark.parametrize(("text", "wanted"), [("http://localhost:1", "true"), ("mylocalhost", "false"), ("localhost.example.com", "false"), ("user:pw@[::1]/x", "true")])
def test_the_pattern_is_one_that_node_takes(text: str, wanted: str) -> None:
    done = subprocess.run(["node", "-e", f"process.stdout.write(String(/{PATTERN}/.test(process.argv[1])))", text], capture_output=True, text=True, check=True)
    assert done.stdout == wanted


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not here")
def test_what_is_written_in_go_compiles_and_resolves(mend: Mend, tmp_path: Path) -> None:
    text = GO_REPLACES.replace("BODY", 'return strings.ReplaceAll(address, "localhost", "host.docker.internal")')
    files, _ = mend({"a.go": text})
    folder = tmp_path / "built"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.com/x\n\ngo 1.21\n")
    (folder / "a.go").write_text(files["a.go"])
    (folder / "a_test.go").write_text("""package main

import "testing"

func TestIt(t *testing.T) {
	for given, wanted := range map[string]string{
		"http://localhost:1": "http://host.docker.internal:1", "127.0.0.1": "host.docker.internal", "[::1]:2": "host.docker.internal:2",
		"mylocalhost:1": "mylocalhost:1", "localhost.example.com": "localhost.example.com",
	} {
		if got := containerAddress(given); got != wanted {
			t.Errorf("%s: %s", given, got)
		}
	}
}
""")  # fmt: skip
    done = subprocess.run(["go", "test", "./..."], cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
