"""Library calls that start containers say the same things as a command line does."""

from __future__ import annotations

import pytest

from stigmer_lint.dialects.base import Invocation, Recognised, Unread
from stigmer_lint.dialects.registry import every
from stigmer_lint.model.launch import LaunchFacts
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Choice, Entry, FunctionValue, Item, Known, ListValue, MapValue, ObjectValue, Template, Unknown, Value

SPAN = Span("a", 0, 100)
NULL = Known("nil", None, (), "null")
HOLE = Unknown("parameter x", "parameter", "x")


def lit(value: object) -> Value:
    """Python literals as values."""
    if isinstance(value, str):
        return Known(value)
    if isinstance(value, bool | int):
        return Known(str(value), None, (), "bool" if isinstance(value, bool) else "num")
    if value is None:
        return NULL
    if isinstance(value, dict):
        return MapValue(tuple(Entry(lit(key), lit(one)) for key, one in value.items()))
    if isinstance(value, list | tuple):
        return ListValue(tuple(Item(lit(one)) for one in value))
    assert isinstance(value, Known | Template | Unknown | Choice | ObjectValue | MapValue | ListValue | FunctionValue)
    return value


def obj(kind: str, /, *args: object, calls: tuple[ObjectValue, ...] = (), **fields: object) -> ObjectValue:
    entries = [Entry(Known(str(at)), lit(arg)) for at, arg in enumerate(args)]
    entries += [Entry(Known(key), lit(value)) for key, value in fields.items()]
    if calls:
        entries.append(Entry(Known(".calls"), ListValue(tuple(Item(call) for call in calls))))
    return ObjectValue(kind, MapValue(tuple(entries)))


def recognise(language: str, name: str, *args: object, receiver: Value | None = None, **keywords: object) -> Recognised | Unread | None:
    call = Invocation(name, SPAN, tuple(lit(arg) for arg in args), {key: lit(value) for key, value in keywords.items()}, language, "linux", receiver)
    for dialect in every():
        if call.last in dialect.needles and language in dialect.languages:
            found = dialect.recognise(call)
            if found is not None:
                return found
    return None


def facts(language: str, name: str, *args: object, receiver: Value | None = None, **keywords: object) -> LaunchFacts:
    found = recognise(language, name, *args, receiver=receiver, **keywords)
    assert isinstance(found, Recognised), found
    return found.facts


def text(value: Value | None) -> str | None:
    return value.text if isinstance(value, Known) else None


def env(found: LaunchFacts) -> dict[str, str | None]:
    return {setting.name: text(setting.value) for setting in found.env}


def hosts(found: LaunchFacts) -> dict[str | None, str | None]:
    return {text(entry.host): text(entry.address) for entry in found.hosts}


def ports(found: LaunchFacts) -> list[tuple[str | None, str | None, str | None]]:
    return [(text(one.host_ip), text(one.host_port), text(one.container_port)) for one in found.publishes]


CONFIG = {
    "Image": "img", "Env": ["A=http://localhost:1", "B=2"], "Cmd": ["serve"],
    "HostConfig": {
        "NetworkMode": "host", "ExtraHosts": ["host.docker.internal:host-gateway"],
        "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]},
    },
}
GO_CONFIG = obj("container.Config", Image="img", Env=["A=http://localhost:1", "B=2"], Cmd=["serve"])
GO_HOST = obj(
    "container.HostConfig", NetworkMode=obj("container.NetworkMode", "host"), ExtraHosts=["host.docker.internal:host-gateway"],
    PortBindings={"80/tcp": [obj("nat.PortBinding", HostIP="127.0.0.1", HostPort="8080")]},
)
PYTHON_RUN = {
    "environment": {"A": "http://localhost:1", "B": "2"}, "network_mode": "host", "extra_hosts": {"host.docker.internal": "host-gateway"},
    "ports": {"80/tcp": ("127.0.0.1", 8080)},
}


@pytest.mark.parametrize(
    "found",
    [
        lambda: facts("python", "docker.from_env.containers.run", "img", "serve", **PYTHON_RUN),
        lambda: facts("python", "self.client.containers.create", image="img", command=["serve"], **PYTHON_RUN),
        lambda: facts("python", "podman.PodmanClient.containers.run", "img", ["serve"], **PYTHON_RUN),
        lambda: facts(
            "python", "docker.APIClient.create_container", "img", "serve", environment=["A=http://localhost:1", "B=2"],
            host_config=obj(
                "docker.APIClient.create_host_config",
                calls=(obj("create_host_config", network_mode="host", extra_hosts=["host.docker.internal:host-gateway"], port_bindings={80: ("127.0.0.1", 8080)}),),
            ),
        ),
        lambda: facts("python", "aiodocker.Docker.containers.create", config=CONFIG),
        lambda: facts("python", "aiodocker.Docker.containers.create_or_replace", "n", CONFIG),
        lambda: facts("go", "github.com/docker/docker/client.Client.ContainerCreate", HOLE, GO_CONFIG, GO_HOST, None, None, "n"),
        lambda: facts("go", "cli.ContainerCreate", HOLE, GO_CONFIG, GO_HOST, None, "n"),
        lambda: facts("go", "cli.ContainerCreate", HOLE, obj("client.ContainerCreateOptions", Config=GO_CONFIG, HostConfig=GO_HOST, Name="n")),
        lambda: facts("go", "docker.Client.CreateContainer", obj("docker.CreateContainerOptions", Name="n", Config=GO_CONFIG, HostConfig=GO_HOST)),
        lambda: facts("javascript", "docker.createContainer", CONFIG),
        lambda: facts("typescript", "extensionApi.containerEngine.createContainer", "engine", CONFIG),
        lambda: facts("javascript", "dockerode.run", "img", ["serve"], HOLE, CONFIG),
    ],
)
def test_every_library_says_what_the_command_line_says(found) -> None:
    got = found()
    assert text(got.image) == "img"
    assert env(got) == {"A": "http://localhost:1", "B": "2"}
    assert text(got.network) == "host"
    assert hosts(got) == {"host.docker.internal": "host-gateway"}
    assert ports(got) == [("127.0.0.1", "8080", "80")]
    assert [text(word) for word in got.command or ()] == ["serve"]
    assert (got.env_open, got.unread, got.hosts_open) == ((), (), False)


@pytest.mark.parametrize(
    ("language", "name", "args"),
    [
        ("python", "app.run", ("img",)),
        ("python", "subprocess.run", (["docker"],)),
        ("python", "client.images.create", ("img",)),
        ("javascript", "blobServiceClient.createContainer", ("name",)),
        ("javascript", "blobServiceClient.createContainer", ({"access": "blob"},)),
        ("javascript", "server.start", ()),
        ("javascript", "script.run", ("a", "b")),
        ("go", "cmd.Run", ()),
        ("go", "runtimeService.CreateContainer", (HOLE, HOLE)),
        ("python", "thread.start", ()),
    ],
)
def test_other_calls_of_the_same_name_are_no_launch(language: str, name: str, args: tuple[object, ...]) -> None:
    assert recognise(language, name, *args) is None


def test_engines_are_told_apart() -> None:
    found = recognise("python", "podman.PodmanClient.containers.run", "img", environment={})
    assert isinstance(found, Recognised)
    assert found.engine == "podman"


def test_a_variable_that_is_removed_is_not_set() -> None:
    assert env(facts("python", "c.containers.run", "img", environment={"A": None, "B": "1"})) == {"B": "1"}
    assert env(facts("python", "c.containers.run", "img", environment=["A", "B=1"])) == {"B": "1"}


def test_an_environment_with_unknown_parts_is_open() -> None:
    spread = ListValue((Item(Known("A=1")), Item(Unknown("more"), rest=True)))
    for value in (HOLE, spread, MapValue((), "spread of x")):
        found = facts("python", "c.containers.run", "img", environment=value)
        assert found.env_open
    assert env(facts("python", "c.containers.run", "img", environment=spread)) == {"A": "1"}


def test_a_choice_of_environments_may_set_either() -> None:
    found = facts("python", "c.containers.run", "img", environment=Choice((lit({"A": "1"}), lit({"B": "2"}))))
    assert [(setting.name, setting.maybe) for setting in found.env] == [("A", True), ("B", True)]


def test_template_values_are_cut_at_the_equals_sign() -> None:
    found = facts("go", "cli.ContainerCreate", HOLE, obj("Config", Image="img", Env=[Template((Known("A="), HOLE))]), None, None, None, "")
    (setting,) = found.env
    assert setting.name == "A"
    assert isinstance(setting.value, Unknown)
    assert found.name is None


def test_an_unread_config_is_a_gap_not_silence() -> None:
    assert isinstance(recognise("go", "cli.ContainerCreate", HOLE, HOLE, HOLE, None, None, ""), Unread)
    assert isinstance(recognise("go", "testcontainers.GenericContainer", HOLE, HOLE), Unread)


def test_an_unread_host_config_leaves_network_and_hosts_open() -> None:
    found = facts("go", "cli.ContainerCreate", HOLE, GO_CONFIG, HOLE, None, None, "")
    assert isinstance(found.network, Unknown)
    assert found.hosts_open


def test_networks_by_name() -> None:
    found = facts("javascript", "docker.createContainer", {"Image": "i", "NetworkingConfig": {"EndpointsConfig": {"net1": {"Aliases": ["db"]}}}})
    assert found.networks == ("net1",)
    assert found.aliases == ("db",)
    assert facts("python", "c.containers.run", "i", network="net2").networks == ("net2",)


def test_the_engines_go_constants_are_texts() -> None:
    host = obj("HostConfig", NetworkMode=FunctionValue("github.com/docker/docker/api/types/network.NetworkHost", None))
    assert text(facts("go", "cli.ContainerCreate", HOLE, GO_CONFIG, host, None, None, "").network) == "host"


def test_the_engines_go_constants_are_texts_on_one_of_several_paths_too() -> None:
    mode = Choice((Known("mine"), FunctionValue("github.com/docker/docker/api/types/network.NetworkHost", None)))
    network = facts("go", "cli.ContainerCreate", HOLE, GO_CONFIG, obj("HostConfig", NetworkMode=mode), None, None, "").network
    assert isinstance(network, Choice)
    assert [text(option) for option in network.options] == ["mine", "host"]


def test_testcontainers_requests_of_go() -> None:
    request = obj("testcontainers.ContainerRequest", Image="img", Env={"A": "1"}, ExposedPorts=["80/tcp", "8080:81"], NetworkMode=obj("NetworkMode", "host"), HostAccessPorts=[1])
    found = facts("go", "testcontainers.GenericContainer", HOLE, obj("testcontainers.GenericContainerRequest", ContainerRequest=request, Started=True))
    assert env(found) == {"A": "1"}
    assert text(found.network) == "host"
    assert found.exposes == ("80",)
    assert ports(found) == [(None, "8080", "81")]
    assert list(hosts(found)) == ["host.testcontainers.internal"]


def test_testcontainers_options_of_go() -> None:
    module = "github.com/testcontainers/testcontainers-go"
    found = facts("go", f"{module}.Run", HOLE, "img", obj(f"{module}.WithEnv", {"A": "1"}), obj(f"{module}.WithHostConfigModifier", FunctionValue("f", None)))
    assert env(found) == {"A": "1"}
    assert found.hosts_open
    assert isinstance(found.network, Unknown)


def test_testcontainers_builder_of_javascript() -> None:
    made = obj(
        "testcontainers.GenericContainer", "img",
        calls=(
            obj("withEnvironment", {"A": "1"}), obj("withExtraHosts", [{"host": "h", "ipAddress": "1.2.3.4"}]), obj("withNetworkMode", "host"),
            obj("withExposedPorts", 80, {"container": 81, "host": 8081}), obj("withName", "n"), obj("withCommand", ["serve"]), obj("withNetworkAliases", "db"),
        ),
    )
    found = facts("javascript", "testcontainers.GenericContainer.start", receiver=made)
    assert (text(found.image), text(found.name), text(found.network)) == ("img", "n", "host")
    assert env(found) == {"A": "1"}
    assert hosts(found) == {"h": "1.2.3.4"}
    assert found.exposes == ("80",)
    assert ports(found) == [(None, "8081", "81")]
    assert found.aliases == ("db",)


def test_testcontainers_builder_of_python() -> None:
    made = obj(
        "testcontainers.core.container.DockerContainer", "img",
        calls=(
            obj("with_env", "A", "1"), obj("with_envs", B="2"), obj("with_kwargs", network_mode="host", extra_hosts={"h": "host-gateway"}),
            obj("with_bind_ports", 80, 8080), obj("with_exposed_ports", 81), obj("with_name", "n"),
        ),
    )
    found = facts("python", "testcontainers.core.container.DockerContainer.start", receiver=made)
    assert env(found) == {"A": "1", "B": "2"}
    assert (text(found.image), text(found.name), text(found.network)) == ("img", "n", "host")
    assert hosts(found) == {"h": "host-gateway"}
    assert ports(found) == [(None, "8080", "80")]
    assert found.exposes == ("81",)


def test_other_libraries() -> None:
    whales = facts("python", "python_on_whales.docker.run", "img", ["x"], envs={"A": "1"}, networks=["host"], add_hosts=[("h", "host-gateway")], publish=[(8080, 80)])
    assert (env(whales), text(whales.network), hosts(whales), ports(whales)) == ({"A": "1"}, "host", {"h": "host-gateway"}, [(None, "8080", "80")])
    tested = facts("go", "dockertest.Pool.RunWithOptions", obj("dockertest.RunOptions", Repository="redis", Tag="7", Env=["A=1"]))
    assert (text(tested.image), env(tested)) == ("redis:7", {"A": "1"})
    spec = facts("go", "containers.CreateWithSpec", HOLE, obj("specgen.SpecGenerator", Image="img", Env={"A": "1"}, HostAdd=["h:1.2.3.4"]))
    assert (env(spec), hosts(spec)) == ({"A": "1"}, {"h": "1.2.3.4"})


def test_needles_are_last_names() -> None:
    for dialect in every():
        assert dialect.needles
        assert all("." not in needle for needle in dialect.needles)
