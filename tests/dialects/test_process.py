"""Process starts of every language come down to one argument vector or one script."""

from __future__ import annotations

import pytest

from stigmer_lint.dialects.base import Command, Invocation, Recognised
from stigmer_lint.dialects.docker_cli import recognise_argv
from stigmer_lint.dialects.process import command_of, environment_of, may_start, needles, program_at, starts_containers
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Entry, Item, Known, ListValue, MapValue, ObjectValue, Template, Unknown, Value

SPAN = Span("a", 0, 100)
SPREAD = Unknown("spread", "input", "*")


def listed(*values: str | Value) -> ListValue:
    return ListValue(tuple(Item(Known(value) if isinstance(value, str) else value) for value in values))


def mapped(open_why: str | None = None, /, **entries: str | Value) -> MapValue:
    return MapValue(tuple(Entry(Known(key), Known(value) if isinstance(value, str) else value) for key, value in entries.items()), open_why)


def call(language: str, name: str, *args: str | Value, receiver: Value | None = None, environment: MapValue | None = None, **keywords: Value) -> Command | None:
    values = tuple(Known(arg) if isinstance(arg, str) else arg for arg in args)
    return command_of(Invocation(name, SPAN, values, keywords, language, "linux", receiver, environment))


def shown(command: Command | None) -> list[str] | str | None:
    if command is None:
        return None
    if command.argv is None:
        return command.script.text if isinstance(command.script, Known) else "?"
    return ["*" if item.rest else item.value.text if isinstance(item.value, Known) else "?" for item in command.argv.items]


TRUE = Known("True", None, (), "bool")
RUN = ["docker", "run", "img"]


@pytest.mark.parametrize(
    ("language", "name", "args", "keywords", "want"),
    [
        ("go", "os/exec.Command", ("docker", "run", "img"), {}, RUN),
        ("go", "exec.CommandContext", (Unknown("ctx"), "docker", "run", "img"), {}, RUN),
        ("go", "golang.org/x/sys/execabs.Command", ("docker", "run", "img"), {}, RUN),
        ("go", "os/exec.Command", ("docker", "run", SPREAD), {}, ["docker", "run", "*"]),
        ("go", "os/exec.Command", ("sh", "-c", "docker run img"), {}, "docker run img"),
        ("go", "os/exec.Command", ("bash", "-lc", "docker run img"), {}, "docker run img"),
        ("go", "os/exec.Command", ("bash", "-e", "-c", "docker run img"), {}, "docker run img"),
        ("go", "os/exec.Command", ("sudo", "-E", "docker", "run", "img"), {}, RUN),
        ("go", "os/exec.Command", ("ssh", "host", "docker", "run", "img"), {}, None),
        ("go", "syscall.Exec", ("/usr/bin/docker", listed("docker", "run", "img"), listed("A=1")), {}, RUN),
        ("go", "github.com/magefile/mage/sh.Run", ("docker", "run", "img"), {}, RUN),
        ("go", "github.com/magefile/mage/sh.RunWith", (mapped(A="1"), "docker", "run", "img"), {}, RUN),
        ("go", "regexp.Command", ("docker", "run", "img"), {}, None),
        ("python", "subprocess.run", (listed(*RUN),), {}, RUN),
        ("python", "subprocess.check_output", ("docker run img",), {"shell": TRUE}, "docker run img"),
        ("python", "subprocess.Popen", (), {"args": listed(*RUN)}, RUN),
        ("python", "subprocess.run", (listed("docker run img"),), {"shell": TRUE}, "docker run img"),
        ("python", "os.system", ("docker run img",), {}, "docker run img"),
        ("python", "os.popen", ("docker run img",), {}, "docker run img"),
        ("python", "os.execvp", ("docker", listed(*RUN)), {}, RUN),
        ("python", "os.execlp", ("docker", "docker", "run", "img"), {}, RUN),
        ("python", "os.spawnvp", ("P_WAIT", "docker", listed(*RUN)), {}, RUN),
        ("python", "asyncio.create_subprocess_exec", ("docker", "run", "img"), {}, RUN),
        ("python", "asyncio.create_subprocess_shell", ("docker run img",), {}, "docker run img"),
        ("python", "invoke.c.run", ("docker run img",), {}, "docker run img"),
        ("python", "fabric.Connection.run", ("docker run img",), {}, None),
        ("python", "sh.docker.run", ("-d", "img"), {}, ["docker", "run", "-d", "img"]),
        ("python", "sh.docker", ("run", "img"), {}, RUN),
        ("python", "app.run", (listed(*RUN),), {}, None),
        ("javascript", "child_process.spawn", ("docker", listed("run", "img")), {}, RUN),
        ("typescript", "node:child_process.spawnSync", ("docker", listed("run", "img"), mapped(stdio="inherit")), {}, RUN),
        ("javascript", "child_process.execFile", ("docker", listed("run", "img")), {}, RUN),
        ("javascript", "child_process.exec", ("docker run img",), {}, "docker run img"),
        ("javascript", "execSync", ("docker run img", mapped(stdio="inherit")), {}, "docker run img"),
        ("javascript", "child_process.spawn", ("docker run img", mapped(shell=Known("true", None, (), "bool"))), {}, "docker run img"),
        ("javascript", "execa.execa", ("docker", listed("run", "img")), {}, RUN),
        ("javascript", "execa.default", ("docker", listed("run", "img")), {}, RUN),
        ("javascript", "cross-spawn.default", ("docker", listed("run", "img")), {}, RUN),
        ("javascript", "axios.default", ("docker", listed("run", "img")), {}, None),
        ("javascript", "execa.execaCommand", ("docker run img",), {}, RUN),
        ("javascript", "cross-spawn.sync", ("docker", listed("run", "img")), {}, RUN),
        ("javascript", "shelljs.exec", ("docker run img",), {}, "docker run img"),
        ("javascript", "tinyexec.x", ("docker", listed("run", "img")), {}, RUN),
        ("javascript", "zx.$", ("docker run img",), {}, RUN),
        ("javascript", "zx.$", ("docker run img && echo",), {}, "docker run img && echo"),
        ("typescript", "Deno.Command", ("docker", mapped(args=listed("run", "img"))), {}, RUN),
        ("typescript", "Bun.spawn", (listed(*RUN),), {}, RUN),
        ("typescript", "Bun.spawn", (mapped(cmd=listed(*RUN)),), {}, RUN),
        ("javascript", "pattern.exec", ("docker run img",), {}, None),
        ("shell", "$docker", ("run", "img"), {}, RUN),
        ("shell", "$sudo", ("-E", "docker", "run", "img"), {}, RUN),
        ("shell", "$xargs", ("-n1", "-I", "{}", "docker", "run", "img"), {}, [*RUN, "*"]),
        ("shell", "$bash", ("-c", "docker run img"), {}, "docker run img"),
        ("shell", "$sudo", ("sh", "-c", "docker run img"), {}, "docker run img"),
        ("shell", "$ssh", ("host", "docker", "run", "img"), {}, None),
        ("shell", "$timeout", ("5", "docker", "run", "img"), {}, RUN),
    ],
)
def test_a_process_start_is_read(language: str, name: str, args: tuple[str | Value, ...], keywords: dict[str, Value], want: object) -> None:
    assert shown(call(language, name, *args, **keywords)) == want


def test_a_computed_command_word_is_the_first_argument() -> None:
    command = call("shell", "call", Unknown("variable", "env", "DOCKER"), "run", "-e", "A=1", "img")
    assert command is not None
    assert isinstance(recognise_argv(command), Recognised)


def test_an_environment_that_is_spelled_out_replaces_the_callers() -> None:
    command = call("python", "subprocess.run", listed("docker", "run", "-e", "A", "-e", "B", "img"), env=mapped(A="1"))
    assert command is not None
    assert not command.inherits
    found = recognise_argv(command)
    assert isinstance(found, Recognised)
    assert [setting.name for setting in found.facts.env] == ["A"]


def test_an_environment_that_spreads_the_callers_inherits() -> None:
    own, inherits = environment_of(mapped("os.environ", A="1"))
    assert inherits
    assert own is not None
    assert own.get("A") == Known("1")
    assert environment_of(ListValue((Item(SPREAD, rest=True), Item(Known("A=1")))))[1]
    assert not environment_of(listed("A=1"))[1]


def test_go_command_object_carries_its_environment() -> None:
    state = ObjectValue("os/exec.Cmd", mapped(Env=listed("A=1")))
    command = call("go", "os/exec.Command", "docker", "run", "-e", "A", "img", receiver=state)
    assert command is not None
    assert not command.inherits
    assert command.env is not None
    assert command.env.get("A") == Known("1")


def test_shell_exports_reach_a_bare_name() -> None:
    command = call("shell", "$docker", "run", "-e", "A", "img", environment=mapped(A="http://localhost"))
    assert command is not None
    found = recognise_argv(command)
    assert isinstance(found, Recognised)
    (setting,) = found.facts.env
    assert setting.value == Known("http://localhost")


def test_assignments_in_front_win_over_exports() -> None:
    command = call("shell", "$docker", "run", "-e", "A", "img", environment=mapped(A="1"), env=mapped(A="2"))
    assert command is not None
    assert command.env is not None
    assert command.env.get("A") == Known("2")


def test_a_hole_in_a_template_command_is_one_word() -> None:
    hole = Unknown("parameter url", "parameter", "url")
    command = call("javascript", "execa.$", Template((Known("docker run -e URL="), hole, Known(" img"))))
    assert command is not None
    found = recognise_argv(command)
    assert isinstance(found, Recognised)
    assert [(setting.name, setting.value) for setting in found.facts.env] == [("URL", hole)]


def test_execa_adds_to_the_callers_environment_and_node_replaces_it() -> None:
    execa = call("javascript", "execa.execa", "docker", listed("run", "img"), mapped(env=mapped(A="1")))
    node = call("javascript", "child_process.spawn", "docker", listed("run", "img"), mapped(env=mapped(A="1")))
    assert execa is not None
    assert node is not None
    assert (execa.inherits, node.inherits) == (True, False)


def test_needles_name_every_language() -> None:
    assert {"go", "python", "javascript", "typescript", "tsx", "shell"} <= set(needles)
    assert "Command" in needles["go"]


def test_a_call_that_can_start_no_container_is_known_by_its_name_and_program() -> None:
    assert may_start("go", "os/exec.Command")
    assert not may_start("go", "t.Task.Exec")
    assert not may_start("go", "reexec.Command")
    assert may_start("python", "subprocess.run")
    assert may_start("python", "sh.docker.run")
    assert not may_start("python", "client.run")
    assert program_at("go", "os/exec.CommandContext") == 1
    assert program_at("python", "subprocess.run") is None
    for program in ("docker", "/usr/bin/podman", "docker-compose", "sudo", "sh", "C:\\bin\\docker.exe", "docker run -v /a/b"):
        assert starts_containers(Known(program)), program
    assert starts_containers(Unknown("a parameter", "parameter"))
    assert not starts_containers(Known("git"))
    assert not starts_containers(Known("/usr/bin/runc"))
