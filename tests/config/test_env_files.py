"""Env files that launches in code name."""

from __future__ import annotations

from typing import Any

from stigmer_lint.frontends.env_files import with_env_files
from stigmer_lint.model.launch import EnvSetting, Launch, LaunchFacts
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Known, Unknown, Value, render

AT = Span("bin/run.sh", 5, 9)


def launch(*files: Value) -> Launch:
    env = (EnvSetting("A", Known("own"), AT),)
    why = tuple(f"further variables come from the file {render(file)}" for file in files)
    return Launch("docker run", "docker", AT, {"linux": LaunchFacts(env=env, env_open=why, env_files=files)})


def test_their_variables_are_weaker_than_the_launch_and_keep_their_lines(texts: Any) -> None:
    tree = texts({"bin/a.env": "A=file\nB='http://localhost'\nC\n"})
    facts = with_env_files(tree, launch(Known("a.env", AT))).any
    assert [(s.name, render(s.value)) for s in facts.env] == [("B", "'http://localhost'"), ("C", "{C}"), ("A", "own")]
    setting = facts.env[0]
    assert (setting.origin, setting.span.path, setting.value.trail[0].span) == ("env-file", "bin/a.env", AT)
    assert facts.env[1].passed
    assert facts.env_open == ()


def test_a_name_is_also_looked_for_from_the_root(texts: Any) -> None:
    assert len(with_env_files(texts({"a.env": "B=1\n"}), launch(Known("./a.env"))).any.env) == 2


def test_what_is_not_in_the_tree_stays_open(texts: Any) -> None:
    for file in (Known("../../x.env"), Known("/etc/x.env"), Known("none.env"), Unknown("?")):
        before = launch(file)
        assert with_env_files(texts({}), before) is before
    facts = with_env_files(texts({"a.env": "B=1\n"}), launch(Known("a.env"), Known("none.env"))).any
    assert len(facts.env_open) == 2
