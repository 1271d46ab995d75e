"""A resolver of another file, imported where it is needed."""

from __future__ import annotations

import pytest

from .conftest import Mend

GO_RESOLVER = """package hostaddr

import "strings"

func ForContainer(addr string) string {
	addr = strings.Replace(addr, "//localhost:", "//host.docker.internal:", 1)
	addr = strings.Replace(addr, "//127.0.0.1:", "//host.docker.internal:", 1)
	return addr
}
"""
GO_LAUNCH = """package {}

import (
	"os/exec"{}
)

func start() error {{
	args := []string{{"run", "-d", "--add-host=host.docker.internal:host-gateway"}}
	args = append(args, "-e", {}, "example/worker:1")
	return exec.Command("docker", args...).Run()
}}
"""
PYTHON_RESOLVER = """def for_container(address: str) -> str:
    for host in ("localhost", "127.0.0.1", "[::1]", "0.0.0.0"):
        address = address.replace("//" + host + ":", "//host.docker.internal:")
    return address
"""
PYTHON_LAUNCH = '"""Starts the worker."""\n\nimport subprocess\n{}\nURL = "http://localhost:11434"\n\nsubprocess.run(["docker", "run", "--add-host=host.docker.internal:host-gateway", "-e", {}, "example/worker:1"])  # now\n'
JS_RESOLVER = """export function forContainer(address) {
  return address.replace(/\\/\\/(localhost|127\\.0\\.0\\.1|\\[::1\\]|0\\.0\\.0\\.0):/, "//host.docker.internal:");
}
"""
JS_LAUNCH = 'import {{ spawn }} from "node:child_process";{}\n\nspawn("docker", ["run", "--add-host=host.docker.internal:host-gateway", "-e", {}, "example/worker:1"]);\n'


def test_go_imports_the_package(mend: Mend) -> None:
    files = {"go.mod": "module example.com/x\n\ngo 1.22\n", "hostaddr/addr.go": GO_RESOLVER, "cmd/main.go": GO_LAUNCH.format("main", "", '"OLLAMA_BASE_URL=http://localhost:11434"')}
    done, _ = mend(files)
    assert done["cmd/main.go"] == GO_LAUNCH.format("main", '\n\t"example.com/x/hostaddr"', '"OLLAMA_BASE_URL=" + hostaddr.ForContainer("http://localhost:11434")')
    assert mend(files, unsafe=False)[0] == files


def test_go_needs_no_import_in_the_same_package(mend: Mend) -> None:
    files = {"hostaddr/addr.go": GO_RESOLVER, "hostaddr/start.go": GO_LAUNCH.format("hostaddr", "", '"OLLAMA_BASE_URL=http://localhost:11434"')}
    assert '"OLLAMA_BASE_URL=" + ForContainer("http://localhost:11434")' in mend(files)[0]["hostaddr/start.go"]


def test_python_imports_the_function_and_keeps_the_rest(mend: Mend) -> None:
    files = {"app/__init__.py": "", "app/net.py": PYTHON_RESOLVER, "app/run.py": PYTHON_LAUNCH.format("", 'f"OLLAMA_BASE_URL={URL}"')}
    done, _ = mend(files)
    assert done["app/run.py"] == PYTHON_LAUNCH.format("from app.net import for_container\n", 'f"OLLAMA_BASE_URL={for_container(URL)}"')


@pytest.mark.parametrize("module", ["net.mjs", "lib/net.mjs"])
def test_javascript_imports_by_a_relative_path(mend: Mend, module: str) -> None:
    files = {module: JS_RESOLVER, "run.mjs": JS_LAUNCH.format("", '"OLLAMA_BASE_URL=http://localhost:11434"')}
    done, _ = mend(files)
    assert done["run.mjs"] == JS_LAUNCH.format(f'\nimport {{ forContainer }} from "./{module}";', '"OLLAMA_BASE_URL=" + forContainer("http://localhost:11434")')


def test_a_function_that_is_not_exported_is_not_imported(mend: Mend) -> None:
    files = {"net.mjs": JS_RESOLVER.replace("export ", "") + "export default null;\n", "run.mjs": JS_LAUNCH.format("", '"OLLAMA_BASE_URL=http://localhost:11434"')}
    assert "forContainer" not in mend(files)[0]["run.mjs"]
