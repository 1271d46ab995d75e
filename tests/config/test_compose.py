"""Compose projects: what is merged, what is filled in, and where every value is written."""

from __future__ import annotations

from typing import Any

import pytest

from stigmer_lint.frontends.compose import ComposeProject, read_compose, read_compose_tree
from stigmer_lint.model.launch import EnvSetting, Launch, LaunchFacts
from stigmer_lint.model.value import Choice, Known, Unknown, render


class Read:
    """A project with its tree."""

    def __init__(self, texts: Any, files: dict[str, str | bytes]) -> None:
        self.tree = texts(files)
        self.project: ComposeProject = read_compose_tree(self.tree, [path for path in files if path.endswith(("yml", "yaml"))])

    def launch(self, service: str) -> Launch:
        return next(launch for launch in self.project.launches if launch.service == service)

    def facts(self, service: str) -> LaunchFacts:
        return self.launch(service).any

    def env(self, service: str) -> dict[str, tuple[str, str]]:
        return {s.name: (render(s.value), self.tree.shown(s.span)) for s in self.facts(service).env}

    def setting(self, service: str, name: str) -> EnvSetting:
        return next(s for s in self.facts(service).env if s.name == name)


def one(texts: Any, body: str, **files: str) -> Read:
    """A service `a` with the given body (indented by four)."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return Read(texts, {"compose.yml": f"services:\n  a:\n    image: x\n{lines}\n", **files})


def test_environment_as_mapping_and_as_list_have_exact_places(texts: Any) -> None:
    read = Read(texts, {"compose.yml": "services:\n  a:\n    environment:\n      M: 'http://localhost:1' # c\n      N: 5\n"
                                       "  b:\n    environment:\n    - \"L=http://h=1\"\n    - E=\n"})  # fmt: skip
    assert read.env("a") == {"M": ("http://localhost:1", "http://localhost:1"), "N": ("5", "5")}
    assert read.env("b") == {"L": ("http://h=1", "http://h=1"), "E": ("", "")}
    assert read.tree.shown(read.setting("b", "L").name_span) == "L"
    assert read.tree.shown(read.launch("a").span) == "a"
    assert read.launch("a").group == "compose.yml"


@pytest.mark.parametrize("body", ["environment: {X: }", "environment: [X]"])
def test_a_bare_name_is_passed_on(texts: Any, body: str) -> None:
    setting = one(texts, body).setting("a", "X")
    assert setting.passed
    assert isinstance(setting.value, Unknown)
    assert (setting.value.kind, setting.value.name) == ("env", "X")


def test_a_bare_name_is_found_in_the_env_file_of_the_project(texts: Any) -> None:
    setting = one(texts, "environment: [X]", **{".env": "X=http://localhost\n"}).setting("a", "X")
    assert setting.passed
    assert render(setting.value) == "http://localhost"
    assert setting.span.path == ".env"


@pytest.mark.parametrize(
    ("written", "env", "value"),
    [
        ("${V}", "V=1", "1"),
        ("$V", "V=1", "1"),
        ("${V:-d}", "V=1", "1"),
        ("${V:-d}", "V=", "d"),
        ("${V-d}", "V=", ""),
        ("${V:?must}", "V=1", "1"),
        ("${V:+x}", "V=1", "x"),
        ("${V:+x}", "V=", ""),
        ("${V+x}", "V=", "x"),
        ("${W:-${V}}", "V=1", "{W} | 1"),
        ("http://${V}:${W:-80}/$$p", "V=h", "http://h:{W} | 80}/$p"),
        ("${W:-{\"a\": 1}}", "", '{W} | {"a": 1}'),
        ("${W:?must be set}", "", "{W}"),
        ("${W+x}", "", "x | "),
    ],
)  # fmt: skip
def test_references_are_filled_in_as_compose_does(texts: Any, written: str, env: str, value: str) -> None:
    read = one(texts, f"environment:\n  X: '{written}'", **{".env": env})
    setting = read.setting("a", "X")
    assert render(setting.value) == value
    if setting.span.path == "compose.yml":
        assert read.tree.shown(setting.span) == written


def test_a_default_is_the_fallback_of_a_choice(texts: Any) -> None:
    value = one(texts, "environment: {X: '${V:-http://localhost}'}").setting("a", "X").value
    assert isinstance(value, Choice)
    assert value.fallback == 1
    assert isinstance(value.options[0], Unknown)
    assert value.options[1].trail[0].message == "default of V"


def test_a_value_that_is_all_in_the_env_file_of_the_project_points_there(texts: Any) -> None:
    read = one(texts, "environment: {X: '${V}'}", **{".env": "# c\nV='http://localhost'\n"})
    value = read.setting("a", "X").value
    assert isinstance(value, Known)
    assert [(step.message, read.tree.shown(step.span)) for step in value.trail] == [
        ("X is given here", "${V}"), ("V is set in .env", "http://localhost"),
    ]  # fmt: skip
    assert read.tree.shown(read.setting("a", "X").span) == "http://localhost"
    assert read.setting("a", "X").span.path == ".env"


@pytest.mark.parametrize("name", [".env.example", ".env.sample", "example.env", "env.example", ".env-template"])
def test_a_shipped_sample_is_one_of_the_values(texts: Any, name: str) -> None:
    value = one(texts, "environment: {X: '${V:-d}'}", **{name: "V=http://localhost"}).setting("a", "X").value
    assert isinstance(value, Choice)
    assert [render(option) for option in value.options] == ["{V}", "http://localhost", "d"]
    assert value.fallback == 2
    assert value.options[1].trail[0].message == f"V is set in the sample {name}"


def test_an_env_file_further_up_may_hold(texts: Any) -> None:
    read = Read(texts, {".env": "V=http://localhost\n", "a/b/compose.yml": "services: {a: {image: x, environment: {X: '${V}'}}}\n"})
    value = read.setting("a", "X").value
    assert isinstance(value, Choice)
    assert [render(option) for option in value.options] == ["{V}", "http://localhost"]
    assert value.options[1].trail[0].message.startswith("V is set in .env, read where")


def test_env_files_are_weaker_than_environment_and_point_into_the_file(texts: Any) -> None:
    body = "env_file: [a.env, {path: b.env, required: false}]\nenvironment: {C: own}"
    read = one(texts, body, **{"a.env": "A=1\nB=1\nC=1\n", "b.env": "export B='2'\nD\n"})
    assert read.env("a") == {"A": ("1", "1"), "B": ("2", "2"), "C": ("own", "own"), "D": ("{D}", "D")}
    setting = read.setting("a", "B")
    assert (setting.span.path, setting.origin) == ("b.env", "env-file")
    assert setting.value.trail[0].message == "service a takes this env file"
    assert setting.value.trail[0].span.path == "compose.yml"
    assert read.setting("a", "D").passed
    assert read.facts("a").env_open == ()


def test_a_raw_env_file_is_taken_as_it_is(texts: Any) -> None:
    read = one(texts, "env_file: [{path: a.env, format: raw}]", **{"a.env": 'A="$B" # c\n'})
    assert read.env("a")["A"][0] == '"$B" # c'


def test_a_missing_env_file_leaves_the_environment_open_and_its_sample_may_hold(texts: Any) -> None:
    read = one(texts, "env_file: api.env", **{"api.env.example": "A=http://localhost\n"})
    assert read.facts("a").env_open == ("env file api.env is not in the tree",)
    assert read.setting("a", "A").maybe


def test_anchors_and_merge_keys_point_to_where_the_value_is_written(texts: Any) -> None:
    read = Read(texts, {"compose.yml": "x-env: &e\n  A: http://localhost\n  B: 1\nservices:\n  a:\n    environment:\n      <<: *e\n      B: 2\n"
                                       "  b: &b\n    image: i\n    environment: *e\n  c:\n    <<: *b\n    image: j\n"})  # fmt: skip
    assert read.env("a") == {"A": ("http://localhost", "http://localhost"), "B": ("2", "2")}
    assert read.setting("b", "A").span == read.setting("a", "A").span == read.setting("c", "A").span
    assert render(read.facts("c").image or Known("")) == "j"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("'3000'", (None, None, "3000", "tcp")),
        ("8080:80", (None, "8080", "80", "tcp")),
        ("127.0.0.1:8080:80/udp", ("127.0.0.1", "8080", "80", "udp")),
        ("127.0.0.1::80", ("127.0.0.1", None, "80", "tcp")),
        ("'[::1]:8080:80'", ("::1", "8080", "80", "tcp")),
        ("8000-8010:9000-9010", (None, "8000-8010", "9000-9010", "tcp")),
        ("'${IP:-127.0.0.1}:${P:-80}:80'", ("{IP} | 127.0.0.1", "{P} | 80", "80", "tcp")),
        ("'${B:-127.0.0.1:5432}:5432'", ("{B} | 127.0.0.1", "{B} | 5432", "5432", "tcp")),
        ("{target: 80, published: '8080', host_ip: 127.0.0.1, protocol: udp}", ("127.0.0.1", "8080", "80", "udp")),
    ],
)
def test_published_ports(texts: Any, entry: str, expected: tuple[str | None, ...]) -> None:
    port = one(texts, f"ports:\n  - {entry}").facts("a").publishes[0]
    assert (*(render(v) if v else None for v in (port.host_ip, port.host_port, port.container_port)), port.protocol) == expected


@pytest.mark.parametrize("body", ["extra_hosts: ['h:host-gateway', 'v6=[::1]']", "extra_hosts: {h: host-gateway, v6: ['::1']}",
                                  "extra_hosts: ['h=host-gateway', 'v6:::1']"])  # fmt: skip
def test_extra_hosts(texts: Any, body: str) -> None:
    facts = one(texts, body).facts("a")
    assert [(render(h.host), render(h.address)) for h in facts.hosts] == [("h", "host-gateway"), ("v6", "::1")]
    assert not facts.hosts_open


def test_networks_aliases_links_and_dependencies(texts: Any) -> None:
    read = Read(texts, {"compose.yml": "services:\n  a:\n    networks: {n: {aliases: [db1, db2]}, m: }\n    links: ['b:bb']\n"
                                       "    depends_on: {b: {condition: service_started}}\n    expose: [80/tcp, '90']\n"
                                       "  b:\n    networks: [i]\n    depends_on: [a]\n  c: {image: x}\nnetworks: {i: {internal: true}}\n"})  # fmt: skip
    a = read.facts("a")
    assert (a.networks, a.aliases, a.links, a.depends_on, a.exposes) == (("n", "m"), ("db1", "db2"), ("b:bb",), ("b",), ("80", "90"))
    assert read.facts("b").networks == ("i",)
    assert (a.isolated, read.facts("b").isolated, read.facts("c").isolated) == (False, True, False)
    assert read.facts("b").depends_on == ("a",)
    assert read.facts("c").networks == ("default",)


def test_shared_namespaces_have_one_pod(texts: Any) -> None:
    read = Read(texts, {"compose.yml": "services:\n  vpn: {image: v, container_name: gate}\n  a: {image: x, network_mode: 'service:vpn'}\n"
                                       "  b: {image: x, network_mode: 'service:a'}\n  c: {image: x, network_mode: 'container:gate'}\n"
                                       "  h: {image: x, network_mode: host}\n  r: {image: x, network_mode: 'service:r'}\n"})  # fmt: skip
    assert {read.facts(name).pod for name in ("vpn", "a", "b", "c")} == {"compose.yml#vpn"}
    assert read.facts("h").pod is None
    assert render(read.facts("h").network or Known("")) == "host"
    assert read.facts("h").networks == ()


def test_the_engines_own_host_network_joined_by_name_is_host_network(texts: Any) -> None:
    read = Read(texts, {"compose.yml": "services: {a: {image: x, networks: [outside]}}\nnetworks: {outside: {external: true, name: host}}\n"})
    assert render(read.facts("a").network or Known("")) == "host"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("serve --host localhost 'a b' c\\ d", ["serve", "--host", "localhost", "a b", "c d"]),
        ("[serve, --host, '0.0.0.0']", ["serve", "--host", "0.0.0.0"]),
        ("sh -c \"echo ${V:-a b}\"", ["sh", "-c", "echo {V} | a b}"]),
        (">-\n  serve\n  --port 1", ["serve", "--port", "1"]),
    ],
)  # fmt: skip
def test_commands_are_cut_into_words(texts: Any, command: str, words: list[str]) -> None:
    facts = one(texts, f"command: {command}").facts("a")
    assert [render(word) for word in facts.command or ()] == words


@pytest.mark.parametrize(
    ("test", "command"),
    [("curl localhost", ["curl localhost"]), ("[CMD, curl, localhost]", ["curl", "localhost"]), ("[CMD-SHELL, curl x]", ["curl x"]),
     ("[NONE]", None)],
)  # fmt: skip
def test_healthchecks(texts: Any, test: str, command: list[str] | None) -> None:
    health = one(texts, f"healthcheck: {{test: {test}}}").facts("a").health
    assert (None if health is None else [render(word) for word in health.command]) == command


def test_addresses_of_the_log_driver_are_apart(texts: Any) -> None:
    facts = one(texts, "logging: {driver: syslog, options: {syslog-address: 'udp://127.0.0.1:514', max-size: 1m}}").facts("a")
    assert [render(value) for value in facts.logging] == ["udp://127.0.0.1:514"]


def test_builds_name_folder_dockerfile_target_and_arguments(texts: Any) -> None:
    read = Read(texts, {"docker/compose.yml": "services:\n  a:\n    image: reg/a:1\n    build:\n      context: ../app\n      dockerfile: docker/D\n"
                                              "      target: prod\n      args: {U: http://localhost, P: }\n  b: {build: ..}\n",
                        "app/docker/D": "", "Dockerfile": ""})  # fmt: skip
    a, b = read.project.builds
    assert (a.image, a.context, a.dockerfile, a.target) == ("reg/a:1", "app", "app/docker/D", "prod")
    assert [(s.name, s.passed) for s in a.args] == [("U", False), ("P", True)]
    assert (b.image, b.context, b.dockerfile) == (None, "", "Dockerfile")
    assert read.launch("a").build is a


def test_the_override_file_is_taken_by_itself(texts: Any) -> None:
    read = Read(texts, {
        "compose.yml": "services:\n  a:\n    image: x\n    command: one\n    ports: ['1:1']\n    environment: {A: 1, B: 1}\n    expose: [1]\n",
        "compose.override.yml": "services:\n  a:\n    command: !reset null\n    ports: !override ['2:2']\n    environment: [B=2]\n    expose: [2]\n",
    })  # fmt: skip
    facts = read.facts("a")
    assert read.env("a") == {"A": ("1", "1"), "B": ("2", "2")}
    assert facts.command is None
    assert [render(p.container_port) for p in facts.publishes] == ["2"]
    assert facts.exposes == ("1", "2")
    assert len(read.project.launches) == 1


def test_an_overlay_lies_on_the_main_file_and_a_whole_file_stands_alone(texts: Any) -> None:
    read = Read(texts, {
        "compose.yml": "services:\n  a: {image: x, environment: {A: 1}}\n  b: {image: y}\n",
        "docker-compose.prod.yml": "services:\n  a: {environment: {B: 2}}\n",
        "docker-compose.alone.yml": "services:\n  c: {image: z}\n",
    })  # fmt: skip
    overlay = [launch for launch in read.project.launches if launch.span.path == "docker-compose.prod.yml"]
    assert [(launch.service, launch.group, [s.name for s in launch.any.env]) for launch in overlay] == [("a", "compose.yml", ["A", "B"])]
    assert read.launch("c").group == "docker-compose.alone.yml"


@pytest.mark.parametrize(("name", "platforms"), [("docker-compose.macos.yml", ["macos"]), ("docker-compose.linux.yml", ["linux"]),
                                                 ("docker-compose.windows.yml", ["windows"]), ("docker-compose.dev.yml", ["linux", "macos", "windows"])])  # fmt: skip
def test_a_file_named_after_a_platform_is_for_that_one(texts: Any, name: str, platforms: list[str]) -> None:
    assert list(Read(texts, {name: "services: {a: {image: x}}"}).launch("a").facts) == platforms


def test_extends_brings_the_base_and_its_own_folder(texts: Any) -> None:
    read = Read(texts, {
        "compose.yml": "services:\n  a:\n    extends: {file: base/common.yml, service: s}\n    environment: [X=1]\n  b:\n    extends: a\n",
        "base/common.yml": "services:\n  s:\n    build: ./app\n    env_file: e.env\n    environment: [X=0, Y=2]\n    extra_hosts: ['h:host-gateway']\n",
        "base/e.env": "F=http://localhost\n",
    })  # fmt: skip
    assert read.env("a") == {"F": ("http://localhost", "http://localhost"), "X": ("1", "1"), "Y": ("2", "2")}
    assert read.env("b") == read.env("a")
    assert read.facts("a").hosts
    assert read.project.builds[0].context == "base/app"
    assert {launch.service for launch in read.project.launches} == {"a", "b"}


def test_includes_join_the_group_with_their_own_folder_and_variables(texts: Any) -> None:
    read = Read(texts, {
        "compose.yml": "include:\n  - db/compose.yml\n  - path: [x/compose.a.yml, x/compose.b.yml]\n    project_directory: .\n    env_file: x/v.env\n"
                       "services: {a: {image: i}}\n",
        "db/compose.yml": "services: {db: {image: p, env_file: e.env, environment: {V: '${W}'}}}\n",
        "db/.env": "W=sub\n",
        "db/e.env": "E=1\n",
        "x/compose.a.yml": "services: {x: {image: '${XV}', build: here}}\n",
        "x/compose.b.yml": "services: {x: {environment: {Q: 1}}}\n",
        "x/v.env": "XV=named\n",
    })  # fmt: skip
    assert {(launch.service, launch.group) for launch in read.project.launches} == {(s, "compose.yml") for s in ("a", "db", "x")}
    assert read.env("db") == {"E": ("1", "1"), "V": ("sub", "sub")}
    assert [build.context for build in read.project.builds] == ["here"]
    assert render(read.facts("x").image or Known("")) == "named"
    assert list(read.env("x")) == ["Q"]


def test_nothing_outside_of_the_root_is_read(texts: Any) -> None:
    read = Read(texts, {
        "compose.yml": "include: [../up.yml, /etc/compose.yml]\nservices:\n  a: {extends: {file: ../../b.yml, service: s}}\n"
                       "  b: {image: x, env_file: [/etc/passwd, ../../e.env], build: ../..}\n",
    })  # fmt: skip
    whys = [gap.why for gap in read.project.gaps]
    assert len(whys) == 6
    assert all("outside of the checked tree" in why for why in whys)
    assert not [path for path in read.tree.asked if path.startswith(("..", "/"))]
    assert read.facts("a").unread
    assert read.facts("b").env_open


def test_rings_of_extends_and_includes_end(texts: Any) -> None:
    read = Read(texts, {
        "compose.yml": "include: [b/compose.yml]\nservices:\n  a: {extends: b}\n  b: {extends: a}\n  c: {extends: {service: c}}\n",
        "b/compose.yml": "include: [../compose.yml]\nservices: {d: {image: x}}\n",
    })  # fmt: skip
    assert sorted(launch.service or "" for launch in read.project.launches) == ["a", "b", "c", "d"]
    assert any("back to the service itself" in gap.why for gap in read.project.gaps)


def test_one_bad_file_costs_only_itself(texts: Any) -> None:
    read = Read(texts, {
        "compose.yml": "services: {a: {image: x}}\n",
        "docker-compose.b.yml": b"\xff\xfes\0e\0",
        "docker-compose.c.yml": "services: *nothing\n",
        "docker-compose.d.yml": "services:\n a:\n b: 1\n c: [x]\n d: {image: [x], environment: [[a]], ports: {a: b}, build: [x], networks: 3,"
                                " command: {a: b}, healthcheck: [], extra_hosts: 1, env_file: {a: b}, depends_on: 3, logging: 1, extends: [1]}\n",
    })  # fmt: skip
    assert sorted(path for path, _, _ in read.project.unreadable) == ["docker-compose.b.yml", "docker-compose.c.yml"]
    assert read.launch("a")
    assert read.launch("d")


def test_read_compose_takes_one_project(texts: Any) -> None:
    tree = texts({"compose.yml": "services: {a: {image: x}}\n", "compose.override.yml": "services: {a: {environment: {A: 1}}}\n"})
    assert [s.name for s in read_compose(tree, "compose.yml").launches[0].any.env] == ["A"]


def test_a_main_file_that_another_includes_with_changes_is_started_as_it_is_too(texts: Any) -> None:
    files = {
        "compose.yml": "services: {a: {image: x}, b: {image: y}}\n",
        "compose.tests.yml": "include:\n  - path: [compose.yml, changes.yml]\nservices: {t: {image: t}}\n",
        "changes.yml": "services: {a: {environment: {A: '1'}}}\n",
    }
    where = {(launch.service, launch.span.path) for launch in Read(texts, files).project.launches}
    assert {("a", "compose.yml"), ("a", "changes.yml"), ("b", "compose.yml"), ("t", "compose.tests.yml")} == where
    alone = {**files, "compose.tests.yml": "include:\n  - path: compose.yml\nservices: {t: {image: t}}\n", "changes.yml": "x: 1\n"}
    assert sorted(launch.service or "" for launch in Read(texts, alone).project.launches) == ["a", "b", "t"]
