"""Compose files that a stranger may send: bounded in time, and never silent."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from stigmer_lint.frontends.config import is_config, read_config

HEAD = "services:\n a:\n  image: x\n"

CASES = {
    "environment map": HEAD + "  environment:\n" + "".join(f"   K{i}: v\n" for i in range(30_000)),
    "environment list": HEAD + "  environment:\n" + "".join(f"   - K{i}=${{V{i}:-http://localhost}}\n" for i in range(30_000)),
    "ports": HEAD + "  ports:\n" + "".join(f'   - "{i}:{i}"\n' for i in range(10_000)),
    "words": HEAD + "  command: " + "a " * 500_000,
    "references": HEAD + '  environment: {A: "' + "${X:-é}" * 50_000 + '"}',
    "open reference": HEAD + '  command: "' + "${X:-" * 100_000 + '"',
    "nested reference": HEAD + '  command: "' + "${X:-" * 50_000 + "}" * 50_000 + '"',
    "extends chain": "services:\n a0: {image: x}\n" + "".join(f" a{i}: {{extends: a{i - 1}}}\n" for i in range(1, 1000)),
    "pod chain": "services:\n a0: {image: x}\n" + "".join(f" a{i}: {{image: x, network_mode: 'service:a{i - 1}'}}\n" for i in range(1, 10_000)),
    "pod ring": "services:\n" + "".join(f" a{i}: {{image: x, network_mode: 'service:a{(i + 1) % 3000}'}}\n" for i in range(3000)),
}


@pytest.mark.parametrize("name", CASES)
def test_large_files_take_linear_time(texts: Any, name: str) -> None:
    start = time.process_time()
    found = read_config(texts({"compose.yml": CASES[name]}), ["compose.yml"])
    assert time.process_time() - start < 5
    assert found.launches
    assert not found.unreadable


def test_a_large_env_file_of_many_services_is_bounded(texts: Any) -> None:
    files = {"compose.yml": "services:\n" + "".join(f" s{i}: {{image: x, env_file: big.env}}\n" for i in range(200)),
             "big.env": "".join(f"K{i}=v\n" for i in range(30_000))}  # fmt: skip
    start = time.process_time()
    found = read_config(texts(files), ["compose.yml"])
    assert time.process_time() - start < 5
    assert "the project sets more variables than are followed" in found.launches[-1].any.env_open


def test_an_alias_bomb_of_merge_keys_is_refused_and_its_neighbour_read(texts: Any) -> None:
    bomb = "x0: &a0 {a: b}\n" + "".join(f"x{i}: &a{i} {{<<: [{','.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 9))
    files = {"compose.yml": bomb + "services: {a: {image: x, environment: *a8}}\n", "docker-compose.x.yml": HEAD}
    start = time.process_time()
    found = read_config(texts(files), list(files))
    assert time.process_time() - start < 1
    assert [(path, why[:10]) for path, why, _ in found.unreadable] == [("compose.yml", "alias bomb")]
    assert [launch.service for launch in found.launches] == ["a"]


def test_many_services_in_included_files_are_quick(texts: Any) -> None:
    files = {"compose.yml": "include:\n" + "".join(f" - inc{i}/compose.yml\n" for i in range(12))}
    for i in range(12):
        body = "".join(f"      K{k}: http://host{k}:${{P{k}:-80}}/\n" for k in range(10))
        files[f"inc{i}/compose.yml"] = "services:\n" + "".join(
            f"  s{i}x{j}:\n    image: img{j}:${{TAG:-1}}\n    ports: ['{j}:80']\n    env_file: .env\n    environment:\n{body}" for j in range(17)
        )
        files[f"inc{i}/.env"] = "".join(f"X{k}=http://localhost:{k}\n" for k in range(20))
    paths = [path for path in files if path.endswith("yml")]
    start = time.process_time()
    found = read_config(texts(files), paths)
    assert time.process_time() - start < 1.5
    assert len(found.launches) == 204
    assert {launch.group for launch in found.launches} == {"compose.yml"}


def test_yaml_is_not_imported_where_no_file_needs_it(texts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert read_config(texts({"compose.yml": "# nothing here\n", "Dockerfile": "FROM x\n"}), ["compose.yml", "Dockerfile"]).images


def test_a_template_of_a_compose_file_is_a_gap(texts: Any) -> None:
    found = read_config(texts({"compose.yml": "services:\n  {{ name }}:\n    image: x\n{% if a %}\n"}), ["compose.yml"])
    assert not found.unreadable
    assert [gap.span.path for gap in found.gaps] == ["compose.yml"]


def test_names_of_interest_pass_the_first_sieve() -> None:
    names = ("a/Dockerfile", "x.dockerfile", "API.DOCKERFILE", "Containerfile.ci", "compose.yml", "a.YAML", ".devcontainer.json", "x.container", "a.service",
             "x.plist", "a.service.d/o.conf", "m.tf", "m.tofu", "Makefile", "makefile.inc", "Justfile", "a.mk", "b.sh", "docker-bake.hcl", ".gitlab-ci.yml")  # fmt: skip
    assert [name for name in names if not is_config(name)] == []
    assert not [name for name in ("a.py", "b.go", "README.md", "x.conf", "docker.py") if is_config(name)]
