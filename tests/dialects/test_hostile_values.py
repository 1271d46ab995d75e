"""Whatever the evaluator hands over, a dialect answers and does not raise."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stigmer_lint.dialects.base import Command, Invocation, Recognised, Unread
from stigmer_lint.dialects.docker_cli import recognise_argv
from stigmer_lint.dialects.process import command_of, needles
from stigmer_lint.dialects.registry import every
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import (
    Choice,
    Entry,
    FunctionValue,
    Item,
    Known,
    ListValue,
    MapValue,
    ObjectValue,
    Resolved,
    Template,
    Unknown,
    Value,
)
from stigmer_lint.reachability import addresses_of

SPAN = Span("a", 0, 9)
WORDS = [
    "docker", "run", "create", "compose", "pod", "container", "sudo", "env", "-e", "-eA=1", "A=1", "--env", "--network", "host", "--net=host", "-p", "80:80", "[::1]:1:2",
    "--add-host", "h:1", "-it", "--", "-", "", "img", "--x", "-z", "--rm=false", "-c", "sh", "=", "a:b:c:d", "xargs", "timeout", "-P", "--env-file", "--entrypoint", "[\"a\"]",
    "http://localhost:1", "Image", "Env", "HostConfig", "NetworkMode", "ExtraHosts", "PortBindings", "80/tcp", "testcontainers", "with_env", "withEnvironment", "0", ".calls",
    "config", "environment", "WithEnv",
]
SCALARS = st.one_of(
    st.sampled_from(WORDS).map(Known),
    st.just(Known("null", None, (), "null")),
    st.sampled_from(["DOCKER", "flags", "image", "*"]).map(lambda name: Unknown("x", "input", name)),
    st.just(FunctionValue("f", None)),
)


def nest(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    items = st.builds(Item, inner, st.booleans(), st.booleans())
    entries = st.builds(Entry, inner, inner, st.booleans())
    maps = st.builds(MapValue, st.lists(entries, max_size=4).map(tuple), st.none() | st.just("more"))
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Template(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda options: Choice(tuple(options))),
        st.lists(items, max_size=5).map(lambda found: ListValue(tuple(found))),
        maps,
        st.builds(ObjectValue, st.sampled_from(["testcontainers.GenericContainer", "WithEnv", "docker.from_env", "x.create_host_config"]), maps),
        inner.map(lambda value: Resolved("fix", value)),
    )


VALUES = st.recursive(SCALARS, nest, max_leaves=8)
ITEMS = st.builds(Item, VALUES, st.booleans(), st.booleans())
RELAXED = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@RELAXED
@given(st.lists(ITEMS, max_size=10), st.booleans())
def test_any_argument_vector_is_answered(items: list[Item], docker: bool) -> None:
    head = (Item(Known("docker")), Item(Known("run"))) if docker else ()
    found = recognise_argv(Command(ListValue((*head, *items)), None, SPAN, "linux"))
    assert found is None or isinstance(found, Recognised | Unread)
    assert not docker or found is not None


@RELAXED
@given(st.data())
def test_any_call_is_answered(data: st.DataObject) -> None:
    language = data.draw(st.sampled_from(["go", "python", "javascript", "shell"]))
    names = {*needles[language], *(needle for dialect in every() if language in dialect.languages for needle in dialect.needles)}
    name = data.draw(st.sampled_from(["", "subprocess.", "os/exec.", "child_process.", "c.containers.", "dockerode.", "testcontainers-go.", "sh.", "os."]))
    name += data.draw(st.sampled_from(sorted(names)))
    args = tuple(data.draw(st.lists(VALUES, max_size=5)))
    keywords = data.draw(st.dictionaries(st.sampled_from(["image", "environment", "env", "config", "host_config", "ports", "extra_hosts", "shell", "args"]), VALUES, max_size=3))
    call = Invocation(name, SPAN, args, keywords, language, "linux", data.draw(st.none() | VALUES))
    for dialect in every():
        if call.last in dialect.needles and language in dialect.languages:
            dialect.recognise(call)
    command = command_of(call)
    if command is not None:
        recognise_argv(command)


@RELAXED
@given(VALUES)
def test_any_value_has_addresses_or_none(value: Value) -> None:
    addresses_of(value)


@pytest.mark.parametrize("word", ["-e", "-eA=1", "--network=x", "sudo", "-it", "a,b", "-p", "[", ":"])
def test_long_command_lines_are_read_in_linear_time(word: str) -> None:
    items = tuple(Item(Known(word)) for _ in range(20_000))
    started = time.process_time()
    recognise_argv(Command(ListValue((Item(Known("docker")), Item(Known("run")), *items)), None, SPAN, "linux"))
    recognise_argv(Command(ListValue(items), None, SPAN, "linux"))
    assert time.process_time() - started < 3
