"""Configuration files that are bombs, far too deep or far too large."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

N = 30_000
URL = "http://localhost:11434"
HEAD = "services:\n  app:\n    image: example/app:1\n"

REFUSED = {
    "alias bomb": ("compose.yaml", "alias bomb", "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9)) + HEAD + "    command: *a8\n"),
    "alias bomb of merges": ("compose.yaml", "alias bomb", "x-0: &a0 {k: v}\n" + "".join(f"x-{i}: &a{i}\n  <<: [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9)) + HEAD + "    environment: *a8\n"),
    "alias bomb of mappings": ("compose.yaml", "alias bomb", "x-0: &a0 {k: v}\n" + "".join(f"x-{i}: &a{i} {{{','.join(f'k{j}: *a{i - 1}' for j in range(9))}}}\n" for i in range(1, 9)) + HEAD + "    environment: *a8\n"),
    "alias of itself": ("compose.yaml", "recursion", HEAD + "    environment: &a {A: *a}\n"),
    "merge of itself": ("compose.yaml", "recursion", HEAD + "    environment: &a\n      <<: *a\n"),
    "list of itself": ("k8s.yaml", "recursion", "apiVersion: v1\nkind: Pod\nspec: &a\n  containers: [*a]\n"),
    "brackets": ("compose.yaml", "nested", HEAD + "    environment: " + "[" * 100_000),
    "closed brackets": ("compose.yaml", "nested", HEAD + "    environment: " + "[" * 100_000 + "]" * 100_000),
    "braces": ("compose.yaml", "nested", HEAD + "    environment: " + "{a: " * 100_000 + "}" * 100_000),
    "blocks": ("compose.yaml", "nested", HEAD + "    environment:\n     " + "- " * 50_000 + "x\n"),
    "indented blocks": ("compose.yaml", "nested", HEAD + "    environment:\n" + "".join(" " * (6 + depth) + "a:\n" for depth in range(3_000))),
    "question marks": ("compose.yaml", "nested", HEAD + "    environment:\n     " + "? " * 50_000 + "x\n"),
    "pod": ("k8s.yaml", "nested", "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: x, env: " + "[" * 100_000),
    "workflow": (".github/workflows/ci.yml", "nested", "on: push\njobs:\n  a:\n    steps:\n     - run: docker run x/y\n       with: " + "[" * 100_000),
    "GitLab": (".gitlab-ci.yml", "nested", "a:\n  script: docker run x/y\n  x: " + "[" * 100_000),
    "devcontainer": (".devcontainer/devcontainer.json", "nested", '{"image": "x", "containerEnv": ' + "[" * 100_000),
    "package": ("package.json", "nested", '{"scripts": {"a": "docker run x/y", "b": ' + "[" * 100_000),
}


@pytest.mark.parametrize("what", REFUSED)
def test_bombs_and_depth_are_refused_at_once(what: str, unreadable: Callable[[str, str, str], Any]) -> None:
    path, why, text = REFUSED[what]
    assert unreadable(path, text, why).seconds < 2


LARGE = {
    "compose map": ("compose.yaml", HEAD + "    environment:\n" + "".join(f"      K{i}_ENDPOINT: {URL}\n" for i in range(N))),
    "compose list": ("compose.yaml", HEAD + "    environment:\n" + "".join(f"      - K{i}_ENDPOINT={URL}\n" for i in range(N))),
    "compose services": ("compose.yaml", "services:\n" + "".join(f"  s{i}:\n    image: a/b{i}\n    environment: {{A_ENDPOINT: '{URL}'}}\n" for i in range(3_000))),
    "compose command": ("compose.yaml", HEAD + f"    environment: {{A_ENDPOINT: '{URL}'}}\n    command: {'a ' * 500_000}\n"),
    "compose line": ("compose.yaml", HEAD + f"    environment: {{A_ENDPOINT: '{URL}', B: '{'x' * 1_000_000}'}}\n"),
    "pod": ("k8s.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: a/b\n    env:\n" + "".join(f"    - {{name: K{i}_ENDPOINT, value: '{URL}'}}\n" for i in range(N))),
    "pods": ("k8s.yaml", "---\n".join(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a{i}}}\nspec:\n  containers:\n  - {{name: a, image: a/b{i}, env: [{{name: A_ENDPOINT, value: '{URL}'}}]}}\n" for i in range(2_000))),
    "devcontainer": (".devcontainer/devcontainer.json", '{"image": "a/b", "containerEnv": {' + ",\n".join(f'"K{i}_ENDPOINT": "{URL}"' for i in range(N)) + "}}"),
    "Dockerfile pairs": ("Dockerfile", "FROM a/b\nENV" + "".join(f" K{i}_ENDPOINT={URL}" for i in range(N)) + "\n"),
    "Dockerfile lines": ("Dockerfile", "FROM a/b\n" + "".join(f"ENV K{i}_ENDPOINT={URL}\n" for i in range(N))),
    "Dockerfile continued": ("Dockerfile", f"FROM a/b\nENV A_ENDPOINT={URL}\nRUN a \\\n" + "  && a \\\n" * 100_000 + "  && b\n"),
    "Dockerfile parentheses": ("Dockerfile", f"FROM a/b\nENV A_ENDPOINT={URL}\nRUN " + "(" * 100_000 + "\n"),
    "Dockerfile stages": ("Dockerfile", "".join(f"FROM a/b AS s{i}\nENV A{i}_ENDPOINT={URL}\n" for i in range(5_000))),
    "Dockerfile references": ("Dockerfile", f"FROM a/b\nENV A_ENDPOINT={URL}\nENV A=a\n" + "ENV A=$A$A\n" * 1_000 + "CMD $A\n"),
    "unit": ("a.container", "[Container]\nImage=a/b\n" + "".join(f"Environment=K{i}_ENDPOINT={URL}\n" for i in range(N))),
    "Terraform": ("main.tf", 'resource "docker_container" "a" {\n  image = "a/b"\n  env = [\n' + "".join(f'    "K{i}_ENDPOINT={URL}",\n' for i in range(N)) + "  ]\n}\n"),
    "Ansible": ("playbook.yml", "- hosts: all\n  tasks:\n  - community.docker.docker_container:\n      name: a\n      image: a/b\n      env:\n" + "".join(f"        K{i}_ENDPOINT: {URL}\n" for i in range(N))),
    "env file": ("many.env", "".join(f"K{i}_ENDPOINT={URL}\n" for i in range(N))),
}  # fmt: skip


@pytest.mark.parametrize("what", LARGE)
def test_large_configuration_is_analysed_in_linear_time(what: str, tree: Any) -> None:
    path, text = LARGE[what]
    tree.write(path, text)
    if what == "env file":
        tree.write("compose.yaml", HEAD + "    env_file: many.env\n")
    done = tree.check(status=1)
    assert not done.failures
    assert path in {where for _, where, _ in done.others}


DEEP = {
    "Terraform brackets": ("main.tf", 'resource "docker_container" "a" {\n  env = ' + "[" * 100_000),
    "Terraform templates": ("main.tf", 'resource "docker_container" "a" {\n  image = "' + "${" * 50_000),
    "Terraform conditions": ("main.tf", 'resource "docker_container" "a" {\n  image = ' + "a ? b : " * 50_000 + "c\n}\n"),
    "Dockerfile references": ("Dockerfile", "FROM a/b\nENV A=" + "${A:-" * 50_000 + "}" * 50_000 + "\n"),
    "Dockerfile here-document": ("Dockerfile", "FROM a/b\nRUN <<EOF\n" + "docker run x/y\n" * 10_000),
    "Dockerfile here-documents": ("Dockerfile", "FROM a/b\n" + "RUN <<A <<B <<C\n" * 10_000),
    "compose references": ("compose.yaml", HEAD + "    command: '" + "${A:-" * 50_000 + "}" * 50_000 + "'\n"),
    "compose services in a ring": ("compose.yaml", "services:\n" + "".join(f"  s{i}: {{extends: s{(i + 1) % 2000}, depends_on: [s{(i + 7) % 2000}], network_mode: 'service:s{(i + 1) % 2000}'}}\n" for i in range(2_000))),
    "compose includes itself": ("compose.yaml", "include: [compose.yaml, ./compose.yaml]\n" + HEAD),
    "chart": ("chart/templates/a.yaml", "{{" * 50_000 + "\napiVersion: v1\nkind: Pod\n"),
    "plist": ("a.plist", '<?xml version="1.0"?>\n<plist version="1.0">' + "<dict><key>EnvironmentVariables</key>" * 20_000),
    "plist entities": ("a.plist", '<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1 if i else chr(0)[:0]};" * 10}">' for i in range(9)) + "]>\n<plist><dict><key>EnvironmentVariables</key><string>&a8;</string></dict></plist>"),
    "unit": ("a.service", "[Service]\nExecStart=docker run " + "\\\n" * 100_000 + " x/y\n"),
}  # fmt: skip


@pytest.mark.parametrize("what", DEEP)
def test_deep_configuration_costs_only_itself(what: str, tree: Any) -> None:
    path, text = DEEP[what]
    tree.write(path, text)
    done = tree.check()
    assert done.status == (3 if done.failures else 1)
    assert set(done.failures) <= {path}
