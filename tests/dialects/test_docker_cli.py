"""The docker command line as a dialect: what an argument vector says about a container."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stigmer_lint.dialects.base import Command, Recognised, Unread
from stigmer_lint.dialects.docker_cli import recognise_argv
from stigmer_lint.dialects.docker_flags import flags, grammar
from stigmer_lint.model.launch import LaunchFacts
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Choice, Entry, Item, Known, ListValue, MapValue, Resolved, Template, Unknown, Value

SPAN = Span("a.go", 0, 1000)
HOLE = Unknown("parameter x", "parameter", "x")


def known(text: str, at: int = 0, quotes: int = 0) -> Known:
    return Known(text, Span("a.go", at, at + len(text.encode()) + quotes))


def argv(*words: str | Value | Item) -> ListValue:
    return ListValue(tuple(word if isinstance(word, Item) else Item(known(word) if isinstance(word, str) else word) for word in words))


def read(*words: str | Value | Item, env: MapValue | None = None, inherits: bool = True) -> Recognised | Unread | None:
    return recognise_argv(Command(argv(*words), None, SPAN, "linux", env, inherits))


def facts(*words: str | Value | Item, env: MapValue | None = None, inherits: bool = True) -> LaunchFacts:
    found = read(*words, env=env, inherits=inherits)
    assert isinstance(found, Recognised), found
    return found.facts


def texts(values: tuple[Value, ...] | None) -> list[str]:
    return [value.text for value in values or () if isinstance(value, Known)]


def env_of(found: LaunchFacts) -> dict[str, Value]:
    return {setting.name: setting.value for setting in found.env}


REST = Item(Unknown("spread", "input", "*"), rest=True)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("docker run img", "docker run"),
        ("docker create img", "docker create"),
        ("docker container run img", "docker run"),
        ("docker container create img", "docker create"),
        ("/usr/bin/docker run img", "docker run"),
        ("docker.exe run img", "docker run"),
        (r"C:\bin\Docker.exe run img", "docker run"),
        ("podman run img", "podman run"),
        ("nerdctl run img", "nerdctl run"),
        ("finch run img", "nerdctl run"),
        ("container run --rm img", "container run"),
        ("container create -e A=b img", "container create"),
        ("sudo docker run img", "docker run"),
        ("sudo -E -u root docker run img", "docker run"),
        ("sudo -n -- docker run img", "docker run"),
        ("env X=1 docker run img", "docker run"),
        ("env -i X=1 nohup docker run img", "docker run"),
        ("timeout -k 1 5 docker run img", "docker run"),
        ("time -p docker run img", "docker run"),
        ("exec docker run img", "docker run"),
        ("flock /tmp/lock docker run img", "docker run"),
        ("lima nerdctl run img", "nerdctl run"),
        ("colima nerdctl -- run img", "nerdctl run"),
        ("docker --context x run img", "docker run"),
        ("docker -H tcp://h:1 run img", "docker run"),
        ("docker --host=tcp://h:1 -D run img", "docker run"),
        ("docker -l debug run img", "docker run"),
        ("podman --remote --log-level debug run img", "podman run"),
        ("nerdctl -n k8s.io run img", "nerdctl run"),
    ],
)
def test_every_spelling_of_the_command_is_the_same_launch(words: str, kind: str) -> None:
    found = read(*words.split())
    assert isinstance(found, Recognised)
    assert found.kind == kind
    assert isinstance(found.facts.image, Known)
    assert found.facts.image.text == "img"


@pytest.mark.parametrize(
    "words",
    [
        "docker ps", "docker build -t x .", "docker compose up", "docker exec -e A=b c run", "docker model run x", "ssh host docker run img",
        "echo docker run img", "docker", "npm run img", "docker start run", "kubectl run img", "docker buildx build run", "docker run --help",
    ],
)
def test_other_commands_are_no_launch(words: str) -> None:
    assert read(*words.split()) is None


@pytest.mark.parametrize(
    "words",
    [
        "-e A=b=c", "-eA=b=c", "-e=A=b=c", "--env A=b=c", "--env=A=b=c", "-itde A=b=c", "-itdeA=b=c", "-dit -e A=b=c", "--rm -e A=b=c",
        "--rm=false -e A=b=c", "--name n --gpus all -e A=b=c", "-p 80:80 -v /a:/b -w /x -u 0 -e A=b=c", "--init --add-host h:1.2.3.4 -e A=b=c",
        "--disable-content-trust -e A=b=c", "-e A=b=c --", "--memory 1g -m=2g -c 3 -e A=b=c", "--mount type=bind,src=/a,dst=/b -e A=b=c",
    ],
)
def test_options_are_read_in_every_spelling(words: str) -> None:
    found = facts("docker", "run", *words.split(), "img", "cmd", "-e", "C=d")
    assert {name: value.text for name, value in env_of(found).items() if isinstance(value, Known)} == {"A": "b=c"}
    assert isinstance(found.image, Known)
    assert found.image.text == "img"
    assert texts(found.command) == ["cmd", "-e", "C=d"]
    assert found.unread == ()
    assert found.env_open == ()


def test_an_image_behind_an_option_without_value_is_not_swallowed() -> None:
    found = facts("docker", "run", "-it", "img", "-e", "A=b")
    assert isinstance(found.image, Known)
    assert found.image.text == "img"
    assert found.env == ()
    assert texts(found.command) == ["-e", "A=b"]


def test_template_is_cut_at_the_first_equals_sign_and_its_value_keeps_its_place() -> None:
    hole = Unknown("parameter url", "parameter", "url", Span("a.go", 40, 43))
    value = Template((Known("LLM_URL=", Span("a.go", 20, 28)), hole), Span("a.go", 10, 50))
    setting = facts("docker", "run", "-e", value, "img").env[0]
    assert setting.name == "LLM_URL"
    assert isinstance(setting.value, Unknown)
    assert setting.span == Span("a.go", 40, 43)


def test_a_piece_written_elsewhere_is_shown_at_the_entry() -> None:
    constant = Known("http://localhost:1", Span("other.go", 5, 25))
    value = Template((Known("U=", Span("a.go", 20, 22)), constant, HOLE), Span("a.go", 10, 50))
    assert facts("docker", "run", "-e", value, "img").env[0].span == Span("a.go", 10, 50)


@pytest.mark.parametrize(("quotes", "start"), [(0, 102), (2, 103)])
def test_a_known_value_is_cut_exactly_and_behind_its_quote(quotes: int, start: int) -> None:
    setting = facts("docker", "run", "-e", known("U=http://localhost", 100, quotes), "img").env[0]
    assert setting.span == Span("a.go", start, start + len("http://localhost"))
    assert setting.name_span == Span("a.go", start - 2, start - 1)


def test_spans_count_bytes() -> None:
    setting = facts("docker", "run", "-e", known("Ü=ü", 10), "img").env[0]
    assert setting.span == Span("a.go", 13, 15)


def test_choice_of_assignments_to_one_name_is_a_choice_of_values() -> None:
    found = facts("docker", "run", "-e", Choice((known("A=1"), known("A=2")), None, (), 1), "img")
    (setting,) = found.env
    assert setting.name == "A"
    assert isinstance(setting.value, Choice)
    assert texts(setting.value.options) == ["1", "2"]
    assert setting.value.fallback == 1
    assert not setting.maybe


def test_choice_of_different_names_may_set_either() -> None:
    found = facts("docker", "run", "-e", Choice((known("A=1"), known("B=2"))), "img")
    assert [(setting.name, setting.maybe) for setting in found.env] == [("A", True), ("B", True)]


def test_choice_inside_the_value_stays_in_the_value() -> None:
    value = Template((Known("A=http://"), Choice((Known("x"), Known("y"))), Known(":1")))
    (setting,) = facts("docker", "run", "-e", value, "img").env
    assert setting.name == "A"
    assert isinstance(setting.value, Template)


def test_resolved_entry_keeps_its_resolver() -> None:
    (setting,) = facts("docker", "run", "-e", Resolved("fix", known("A=http://localhost")), "img").env
    assert isinstance(setting.value, Resolved)
    assert setting.value.by == "fix"


def test_an_unknown_name_leaves_the_environment_open() -> None:
    for value in (HOLE, Template((HOLE, Known("=x")))):
        found = facts("docker", "run", "-e", value, "-e", "B=2", "img")
        assert list(env_of(found)) == ["B"]
        assert found.env_open


def test_the_last_value_of_a_name_wins_unless_it_is_uncertain() -> None:
    sure = facts("docker", "run", "-e", "A=1", "-e", "A=2", "img")
    assert texts(tuple(setting.value for setting in sure.env)) == ["2"]
    unsure = facts("docker", "run", "-e", "A=1", Item(known("-eA=2"), maybe=True), "img")
    assert [setting.maybe for setting in unsure.env] == [False, True]


def test_bare_name_takes_the_value_of_the_process() -> None:
    env = MapValue((Entry(Known("A"), Known("here")),))
    (setting,) = facts("docker", "run", "-e", "A", "img", env=env).env
    assert setting.passed
    assert isinstance(setting.value, Known)
    assert setting.value.text == "here"


def test_bare_name_of_an_inherited_environment_is_unknown() -> None:
    (setting,) = facts("docker", "run", "-e", "A", "img").env
    assert setting.passed
    assert isinstance(setting.value, Unknown)
    assert (setting.value.kind, setting.value.name) == ("env", "A")


def test_bare_name_that_the_child_does_not_have_sets_nothing() -> None:
    assert facts("docker", "run", "-e", "A", "img", env=MapValue(()), inherits=False).env == ()


def test_bare_name_set_by_env_in_front() -> None:
    (setting,) = facts("env", "-i", "A=1", "docker", "run", "-e", "A", "-e", "B", "img").env
    assert isinstance(setting.value, Known)
    assert setting.value.text == "1"


def test_bare_name_that_env_takes_away_sets_nothing() -> None:
    assert facts("env", "-u", "A", "docker", "run", "-e", "A", "img").env == ()


def test_env_file_is_named_and_leaves_the_environment_open() -> None:
    found = facts("docker", "run", "--env-file", ".env", "img")
    assert texts(found.env_files) == [".env"]
    assert ".env" in found.env_open[0]


@pytest.mark.parametrize("words", ["--network host", "--network=host", "--net host", "--net=host", "--network name=host"])
def test_every_spelling_of_the_network(words: str) -> None:
    found = facts("docker", "run", *words.split(), "img")
    assert isinstance(found.network, Known)
    assert found.network.text == "host"
    assert found.networks == ()
    assert found.network_span is not None


def test_several_networks_and_long_form() -> None:
    found = facts("docker", "run", "--network", "a", "--network", "name=b,alias=db", "--network-alias", "x", "img")
    assert found.networks == ("a", "b")
    assert isinstance(found.network, Known)
    assert found.network.text == "a"
    assert found.aliases == ("db", "x")


def test_a_network_on_some_path_only_is_a_choice_with_the_default() -> None:
    for found in (
        facts("docker", "run", Item(known("--network=host"), maybe=True), "img"),
        facts("docker", "run", "--network", Choice((known("host"), Known(""))), "img"),
    ):
        assert isinstance(found.network, Choice)
        assert texts(found.network.options) == ["host", "default"]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("80", (None, None, "80", "tcp")),
        ("8080:80", (None, "8080", "80", "tcp")),
        ("8080:80/udp", (None, "8080", "80", "udp")),
        ("127.0.0.1:8080:80", ("127.0.0.1", "8080", "80", "tcp")),
        ("127.0.0.1::80", ("127.0.0.1", None, "80", "tcp")),
        ("[::1]:8080:80/tcp", ("::1", "8080", "80", "tcp")),
        ("[::]::80", ("::", None, "80", "tcp")),
        ("::1:8080:80", ("::1", "8080", "80", "tcp")),
        ("8000-8010:9000-9010", (None, "8000-8010", "9000-9010", "tcp")),
    ],
)
def test_published_ports(text: str, want: tuple[str | None, str | None, str, str]) -> None:
    (publish,) = facts("docker", "run", "-p", text, "img").publishes
    shown = [None if value is None else value.text if isinstance(value, Known) else "?" for value in (publish.host_ip, publish.host_port, publish.container_port)]
    assert (*shown, publish.protocol) == want


def test_published_port_with_holes() -> None:
    value = Template((HOLE, Known(":8080/udp")))
    (publish,) = facts("docker", "run", "-p", value, "img").publishes
    assert isinstance(publish.host_port, Unknown)
    assert isinstance(publish.container_port, Known)
    assert (publish.container_port.text, publish.protocol) == ("8080", "udp")


def test_host_entries() -> None:
    found = facts("docker", "run", "--add-host", "a:host-gateway", "--add-host=b=1.2.3.4", "--add-host", "c:[::1]", "img")
    shown = [(entry.host.text, entry.address.text) for entry in found.hosts if isinstance(entry.host, Known) and isinstance(entry.address, Known)]
    assert shown == [("a", "host-gateway"), ("b", "1.2.3.4"), ("c", "::1")]
    assert not found.hosts_open
    assert facts("docker", "run", "--add-host", HOLE, "img").hosts_open


def test_the_other_parts_of_a_launch() -> None:
    found = facts(
        "docker", "run", "-P", "--expose", "9", "--link", "db:x", "--name", "n", "--entrypoint", "sh", "-v", "/a:/b", "--mount", "type=tmpfs,dst=/t",
        "--log-opt", "syslog-address=udp://localhost:514", "--log-opt", "max-size=1m", "--health-cmd", "curl localhost", "img", "-c", "x",
    )
    assert len(found.publishes) == 1
    assert found.exposes == ("9",)
    assert found.links == ("db:x",)
    assert isinstance(found.name, Known)
    assert texts(found.entrypoint) == ["sh"]
    assert texts(found.volumes) == ["/a:/b", "type=tmpfs,dst=/t"]
    assert texts(found.logging) == ["udp://localhost:514"]
    assert found.health is not None
    assert texts(found.health.command) == ["curl localhost"]
    assert texts(found.command) == ["-c", "x"]


def test_unknown_options_leave_open_what_they_may_set_and_the_rest_is_still_read() -> None:
    found = facts("docker", "run", "-e", "A=1", REST, "-e", "B=2", "img")
    assert list(env_of(found)) == ["A", "B"]
    assert found.env_open
    assert found.hosts_open
    assert found.unread
    assert isinstance(found.image, Known)


def test_an_option_word_in_a_variable_is_not_the_image() -> None:
    found = facts("docker", "run", Unknown("p", "parameter", "networkFlag"), "-e", "A=1", "img")
    assert isinstance(found.image, Known)
    assert found.env_open


def test_an_image_in_a_variable_is_the_image() -> None:
    found = facts("docker", "run", "-d", Unknown("p", "parameter", "imageName"), "sh", "-c", "x")
    assert isinstance(found.image, Unknown)
    assert texts(found.command) == ["sh", "-c", "x"]
    assert found.env_open == ()


def test_a_launch_that_tells_nothing_is_unread_not_silent() -> None:
    assert isinstance(read("docker", "run", REST), Unread)
    assert isinstance(read("docker", "run"), Unread)
    assert isinstance(read("docker", "create", HOLE, REST), Unread)
    assert isinstance(read("docker", "run", "-d", HOLE, REST), Recognised)


def test_program_in_a_variable_needs_a_telling_name_and_docker_options() -> None:
    tool = Unknown("variable", "env", "CONTAINER_TOOL")
    assert isinstance(read(tool, "run", "-e", "A=1", "img"), Recognised)
    assert read(tool, "run", "img") is None
    assert read(Unknown("variable", "env", "NPM"), "run", "-e", "A=1", "img") is None
    assert isinstance(read(Choice((known("docker"), known("podman"))), "run", "img"), Recognised)


def test_an_unknown_option_with_a_value_does_not_hide_the_image() -> None:
    found = facts("docker", "run", "--shiny", "new", "-e", "A=1", "img")
    assert list(env_of(found)) == ["A"]
    assert isinstance(found.image, Known)
    assert found.image.text == "img"
    assert any("--shiny" in why for why in found.unread)


def test_choice_of_whole_options() -> None:
    found = facts("docker", "run", Choice((known("--network=host"), Known(""))), "-e", "A=1", "img")
    assert isinstance(found.network, Choice)
    assert isinstance(found.image, Known)


@pytest.mark.parametrize("program", [("docker", "compose"), ("docker-compose",), ("docker", "compose", "-f", "c.yml", "-p", "x"), ("podman-compose",), ("nerdctl", "compose")])
def test_compose_run_names_its_service(program: tuple[str, ...]) -> None:
    found = read(*program, "run", "--rm", "-T", "-e", "A=1", "web", "cmd")
    assert isinstance(found, Recognised)
    assert found.kind.endswith("compose run")
    assert found.service == "web"
    assert list(env_of(found.facts)) == ["A"]
    assert found.facts.env_open
    assert found.facts.image is None


def test_pods() -> None:
    created = read("podman", "pod", "create", "--name", "p", "--network", "host")
    assert isinstance(created, Recognised)
    assert (created.facts.pod, created.facts.image) == ("p", None)
    assert facts("podman", "run", "--pod", "new:p", "img").pod == "p"
    assert facts("podman", "run", "--pod=p", "img").pod == "p"


def test_remote_engines_are_named() -> None:
    assert any("another machine" in why for why in facts("docker", "-H", "ssh://x", "run", "img").unread)


NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    env=st.dictionaries(NAMES, VALUES, max_size=4),
    network=st.sampled_from([None, "host", "net1", "container:x"]),
    hosts=st.lists(st.sampled_from(["a:host-gateway", "b:1.2.3.4"]), unique=True),
    ports=st.lists(st.tuples(st.integers(1, 65535), st.integers(1, 65535)), max_size=3),
    name=st.none() | st.just("box"),
    noise=st.lists(st.sampled_from([("--rm",), ("-d",), ("-it",), ("--memory", "1g"), ("-u=0",), ("--gpus=all",), ("--init=true",)]), max_size=4),
    style=st.integers(0, 3),
    command=st.lists(VALUES.filter(bool), max_size=2),
    seed=st.randoms(use_true_random=False),
)
def test_rendering_a_launch_and_reading_it_gives_the_same_facts(env, network, hosts, ports, name, noise, style, command, seed) -> None:
    groups: list[tuple[str, ...]] = list(noise)
    for key, value in env.items():
        pair = f"{key}={value}"
        groups.append([("-e", pair), (f"-e{pair}",), ("--env", pair), (f"--env={pair}",)][style])
    if network:
        groups.append(("--network", network) if style % 2 else (f"--net={network}",))
    groups += [("--add-host", entry) for entry in hosts]
    groups += [("-p", f"{host}:{container}") for host, container in ports]
    if name:
        groups.append(("--name", name))
    seed.shuffle(groups)
    found = facts("docker", "run", *(word for group in groups for word in group), "img:1", *command)
    assert {setting.name: setting.value.text for setting in found.env if isinstance(setting.value, Known)} == env
    assert (found.network.text if isinstance(found.network, Known) else None) == network
    assert sorted(f"{entry.host.text}:{entry.address.text}" for entry in found.hosts) == sorted(hosts)
    assert sorted((int(publish.host_port.text), int(publish.container_port.text)) for publish in found.publishes) == sorted(ports)
    assert texts(found.command) == command
    assert (found.unread, found.env_open) == ((), ())


@pytest.mark.parametrize("command", ["run", "create"])
def test_the_flag_table_is_the_installed_clients(command: str) -> None:
    docker = shutil.which("docker")
    if docker is None:
        pytest.skip("no docker client on this machine to compare with")
    # A client that has a daemon to talk to hides what that daemon does not support; with none it shows all that it knows.
    alone = {**os.environ, "DOCKER_HOST": "unix:///nonexistent/docker.sock"}
    shown = subprocess.run([docker, command, "--help"], capture_output=True, text=True, check=False, env=alone).stdout
    version = re.search(r"version (\d+)", subprocess.run([docker, "--version"], capture_output=True, text=True, check=False, env=alone).stdout)
    theirs = {}
    for line in shown.splitlines():
        row = re.match(r" +(?:-(\w), )?--([a-z0-9-]+)(?: ([a-z0-9-]+))?(?:  |$)", line)
        if row:
            theirs[row[2]] = (row[1] or "", "yes" if row[3] else "no")
    if len(theirs) < 50:
        pytest.skip(f"`docker {command} --help` shows no flags here")
    ours = {flag.long: (flag.short, flag.takes) for flag in flags() if "docker" in flag.engines and command in flag.commands}
    hidden = {"net", "net-alias", "dns-opt"}
    assert {name: ours.get(name) for name in theirs} == theirs
    # The table is that of client 28; an older one lacks what came since.
    if version is not None and int(version[1]) >= 28:
        assert set(ours) - set(theirs) == hidden


def test_no_engine_gives_one_spelling_two_meanings() -> None:
    for engine in ("docker", "podman", "nerdctl", "apple", "compose"):
        for scope in ("run", "create", "global", "pod"):
            rows = [flag for flag in flags() if engine in flag.engines and scope in flag.commands]
            spellings = [f"--{flag.long}" for flag in rows] + [f"-{flag.short}" for flag in rows if flag.short]
            assert len(spellings) == len(set(spellings)), (engine, scope)
            assert set(spellings) <= set(grammar(engine, scope))
