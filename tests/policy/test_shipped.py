"""The shipped policies and the schema of their format."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import stigmer_policies
from stigmer_lint.errors import PolicyError
from stigmer_lint.policy import schema
from stigmer_lint.policy.load import load_policy


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    built = schema.build()
    jsonschema.Draft202012Validator.check_schema(built)
    return jsonschema.Draft202012Validator(built)


def core(text: str) -> Any:
    """The text as YAML 1.2 tools see it, in which `off` is a word."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {
        char: [(tag, matcher) for tag, matcher in found if tag != "tag:yaml.org,2002:bool"]
        for char, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true\Z|false\Z"), list("tf"))
    return yaml.load(text, Loader)  # noqa: S506 - the loader is a SafeLoader


def test_the_schema_in_the_tree_is_the_one_that_the_types_give() -> None:
    assert stigmer_policies.schema().read_text(encoding="utf-8") == schema.text(), "run python -m stigmer_lint.policy.schema"


def test_the_reference_in_the_docs_is_the_one_that_the_types_give() -> None:
    tool = Path(__file__).parents[2] / "tools" / "policy_page.py"
    done = subprocess.run([sys.executable, str(tool), "--check"], check=False)
    assert done.returncode == 0, "run `make pages`"


def test_every_object_is_closed_and_every_property_described() -> None:
    built = schema.build()
    for name, body in [("Policy", built), *built["$defs"].items()]:
        assert body["additionalProperties"] is False, name
        assert body["description"], name
        for key, one in body["properties"].items():
            assert one["description"].endswith("."), f"{name}.{key}"


@pytest.mark.parametrize("name", stigmer_policies.names())
def test_a_shipped_policy_is_valid_by_loader_and_schema(name: str, validator: jsonschema.Draft202012Validator, tmp_path: Path) -> None:
    loaded = load_policy(f"builtin:{name}", tmp_path)
    assert loaded.origin == f"builtin:{name}"
    validator.validate(core(stigmer_policies.path(name).read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("version: 1", True),
        ("version: 2", False),
        ("{}", False),
        ("{version: 1, rules: {STG204: off, STG101: {level: error, because: x}}}", True),
        ("{version: 1, rules: {STG101: {because: x}}}", False),
        ("{version: 1, services: {a: {env: [A]}}}", False),
        ("{version: 1, extends: 'builtin:stigmer', services: {ollama: {address: 'h:1'}}}", True),
        ("{version: 1, extends: 'builtin:stigmer', containers: {agent-runner: {env: {optional: [A]}}}}", True),
        ("{version: 1, services: {a: {address: 'h:1', start_env: {PORT: 1}}}}", True),
        ("{version: 1, services: {a: {address: 'h:1', port: 1}}}", False),
        ("{version: 1, paths: [{match: x, rules: {}}]}", False),
        ("{version: 1, launchers: [{call: f, arguments: {image: 0, env: env}}]}", True),
        ("{version: 1, launchers: [{call: f, arguments: {img: 0}}]}", False),
        ("{version: 1, containers: {a: {match: {name: a}, source: [a, b], smoke: {exec: [a]}}}}", True),
        ("{version: 1, containers: {a: {match: {name: a}, smoke: {within: 1s}}}}", False),
    ],
)
def test_schema_and_loader_agree(text: str, valid: bool, validator: jsonschema.Draft202012Validator, tmp_path: Path) -> None:
    assert validator.is_valid(core(text)) is valid
    path = tmp_path / "stigmer-lint.yaml"
    path.write_text(text)
    if valid:
        load_policy(str(path), tmp_path)
    else:
        with pytest.raises(PolicyError):
            load_policy(str(path), tmp_path)


def test_both_names_of_the_llm_address_are_one_group_with_its_reason(tmp_path: Path) -> None:
    policy = load_policy("builtin:stigmer", tmp_path).policy
    found = policy.service_for("OLLAMA_BASE_URL")
    assert found is not None
    assert found == policy.service_for("STIGMER_LLM_BASE_URL")
    assert "2026-01-25" in (found[1].because or "")
    container = policy.containers["agent-runner"]
    assert container.uses == ("ollama", "temporal", "backend")
    assert policy.resolvers == ("resolveDockerHostAddress",)


def test_the_stigmer_contract_declares_what_its_launchers_set(tmp_path: Path) -> None:
    policy = load_policy("builtin:stigmer", tmp_path).policy
    container = policy.containers["agent-runner"]
    carried = {name for used in container.uses for name in policy.services[used].env}
    given = ["MODE", "STIGMER_BACKEND_ENDPOINT", "TEMPORAL_SERVICE_ADDRESS", "TEMPORAL_NAMESPACE", "TASK_QUEUE", "SANDBOX_TYPE", "WORKSPACE_ROOT", "LOG_LEVEL", "STIGMER_LLM_PROVIDER", "STIGMER_LLM_MODEL", "STIGMER_LLM_BASE_URL", "OLLAMA_BASE_URL", "STIGMER_EXECUTION_MODE", "STIGMER_SANDBOX_IMAGE", "STIGMER_SANDBOX_AUTO_PULL", "STIGMER_SANDBOX_CLEANUP", "STIGMER_SANDBOX_TTL", "ANTHROPIC_API_KEY"]
    assert [name for name in given if name not in carried and not container.env.declares(name)] == []
    assert set(container.env.required_names) <= set(given)
    assert set(container.env.required_names) <= set(container.env.set)


def test_the_schema_is_valid_json() -> None:
    assert json.loads(schema.text())["$schema"] == "https://json-schema.org/draft/2020-12/schema"
