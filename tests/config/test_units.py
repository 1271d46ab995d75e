"""Quadlets, systemd units, launchd property lists, Ansible tasks and Terraform resources."""

from __future__ import annotations

import time
from typing import Any

import pytest

from stigmer_lint.frontends.config import ConfigFacts, read_config
from stigmer_lint.model.launch import LaunchFacts
from stigmer_lint.model.value import Choice, Known, Unknown, render


def read(texts: Any, files: dict[str, str]) -> tuple[Any, ConfigFacts]:
    tree = texts(files)
    return tree, read_config(tree, list(files))


def env(facts: LaunchFacts) -> dict[str, str]:
    return {setting.name: render(setting.value) for setting in facts.env}


def test_a_quadlet_with_its_pod_and_env_file(texts: Any) -> None:
    files = {
        "q/app.container": "# c\n[Container]\nImage=reg/app:1\nContainerName=app\nPod=all.pod\nEnvironment=DB_HOST=localhost \"M=a b\" \\\n  N='x'\nEnvironmentFile=e.env\n"
                           "HealthCmd=curl localhost || exit 1\nExec=serve --host 'a b'\nVolume=./c:/c\n[Service]\nEnvironment=NO=1\n",
        "q/all.pod": "[Pod]\nPublishPort=127.0.0.1:8000:80\nAddHost=h:1.2.3.4\n",
        "q/e.env": "E=\"1\"\n",
        "q/host.container": "[Container]\nImage=x\nNetwork=host\n",
    }  # fmt: skip
    tree, found = read(texts, files)
    app, host = found.launches
    facts = app.any
    assert (app.engine, app.service, list(app.facts), facts.pod) == ("podman", "app", ["linux"], "q/all.pod")
    assert env(facts) == {"E": '"1"', "DB_HOST": "localhost", "M": "a b", "N": "x"}
    assert tree.shown(next(s.span for s in facts.env if s.name == "DB_HOST")) == "localhost"
    assert facts.health is not None
    assert render(facts.health.command[0]) == "curl localhost || exit 1"
    assert [render(word) for word in facts.command or ()] == ["serve", "--host", "a b"]
    assert [(render(p.host_ip or Known("")), render(p.container_port)) for p in facts.publishes] == [("127.0.0.1", "80")]
    assert [render(h.host) for h in facts.hosts] == ["h"]
    assert render(host.any.network or Known("")) == "host"


def test_a_systemd_unit_tells_where_its_server_listens(texts: Any) -> None:
    files = {
        "ollama.service": "[Service]\nEnvironment=\"OLLAMA_HOST=127.0.0.1:11434\" DB_HOST=localhost\nExecStart=/usr/bin/ollama serve\n",
        "x.service": "[Service]\nExecStart=-/bin/srv --http-host 127.0.0.1 --port 8080 --db-url localhost\n",
        "bare.service": "[Service]\nExecStart=ollama serve\n",
        "y.service.d/over.conf": "[Service]\nEnvironment=HOST=0.0.0.0\n",
    }  # fmt: skip
    tree, found = read(texts, files)
    assert [(s.name, s.env, render(s.listen)) for s in found.host_services] == [
        ("ollama", "OLLAMA_HOST", "127.0.0.1:11434"), ("x", None, "127.0.0.1:8080"), ("bare", None, "127.0.0.1:11434"), ("y", "HOST", "0.0.0.0"),
    ]  # fmt: skip
    assert tree.shown(found.host_services[0].span) == "127.0.0.1:11434"
    assert "OLLAMA_HOST is not given" in found.host_services[2].listen.trail[0].message


def test_a_systemd_unit_that_runs_a_container_is_a_launch(texts: Any) -> None:
    text = "[Service]\nExecStartPre=-/usr/bin/docker rm x\nExecStart=/usr/bin/docker run --rm \\\n  -e A=http://localhost:1 \\\n  --network host img:1 serve\n"
    tree, found = read(texts, {"x.service": text})
    (launch,) = found.launches
    assert (launch.kind, render(launch.any.image or Known("")), env(launch.any)) == ("docker run", "img:1", {"A": "http://localhost:1"})
    assert tree.shown(launch.any.env[0].span) == "http://localhost:1"
    assert not found.host_services


def test_a_launchd_property_list_tells_where_its_server_listens(texts: Any) -> None:
    text = (
        '<?xml version="1.0"?>\n<!DOCTYPE plist PUBLIC "x" "y">\n<plist version="1.0"><dict>\n<!-- <key>No</key> --><key>Label</key><string>com.ollama.ollama</string>\n'
        "<key>ProgramArguments</key><array><string>/x/ollama</string><string>serve</string></array>\n<key>KeepAlive</key><true/>\n"
        "<key>EnvironmentVariables</key><dict><key>OLLAMA_HOST</key><string>127.0.0.1</string><key>OTHER</key><string>a &amp; b</string></dict></dict></plist>\n"
    )
    tree, found = read(texts, {"a.plist": text})
    (service,) = found.host_services
    assert (service.name, service.env, render(service.listen), tree.shown(service.span)) == ("com.ollama.ollama", "OLLAMA_HOST", "127.0.0.1", "127.0.0.1")


def test_ansible_tasks_start_containers(texts: Any) -> None:
    text = """
- hosts: all
  tasks:
    - name: run
      community.docker.docker_container:
        name: app
        image: "reg/app:{{ version }}"
        env: {A: "http://localhost:1", B: "http://{{ host }}:2"}
        network_mode: host
        networks: [{name: n}]
        published_ports: ["127.0.0.1:80:8080", "{{ p }}:1"]
        etc_hosts: {host.docker.internal: host-gateway}
        command: serve --port 1
    - block:
        - containers.podman.podman_container: {name: b, image: x}
    - docker_container: {name: gone, state: absent, image: x}
"""
    tree, found = read(texts, {"play.yml": text})
    app, pod = found.launches
    facts = app.any
    assert (app.engine, pod.engine) == ("docker", "podman")
    assert env(facts) == {"A": "http://localhost:1", "B": "http://{host}:2"}
    assert tree.shown(facts.env[1].span) == "http://{{ host }}:2"
    assert (render(facts.network or Known("")), facts.networks) == ("host", ("n",))
    assert [render(p.container_port) for p in facts.publishes] == ["8080"]
    assert [(render(h.host), render(h.address)) for h in facts.hosts] == [("host.docker.internal", "host-gateway")]
    assert [render(word) for word in facts.command or ()] == ["serve", "--port", "1"]


def test_terraform_resources_start_containers(texts: Any) -> None:
    files = {
        "main.tf": """
# c
locals { base = "http://localhost" }
resource "docker_image" "i" { name = "reg/app:1" }
resource "docker_container" "web" {
  name  = "web"
  image = docker_image.i.image_id
  env = [
    "A=http://localhost:1", // é
    "B=${var.host}:2",
    "C=${local.base}/x",
    var.more,
  ]
  network_mode = "host"
  command = ["serve", "--host", "localhost"]
  ports {
    internal = 80
    external = 8080
    ip       = "127.0.0.1"
  }
  host {
    host = "host.docker.internal"
    ip   = "host-gateway"
  }
  networks_advanced {
    name    = docker_network.n.name
    aliases = ["w"]
  }
  labels = merge({ a = "b" }, var.l)
}
""",
        "vars.tf": 'variable "host" {\n  default = "localhost"\n}\n',
    }
    tree, found = read(texts, files)
    (launch,) = found.launches
    facts = launch.any
    assert render(facts.image or Known("")) == "reg/app:1"
    assert env(facts) == {"A": "http://localhost:1", "B": "{var.host} | localhost}:2", "C": "http://localhost/x"}
    assert [tree.shown(s.span) for s in facts.env] == ["http://localhost:1", "${var.host}:2", "${local.base}/x"]
    assert facts.env_open == ("an entry of `env` is not followed",)
    assert (facts.networks, facts.aliases, render(facts.network or Known(""))) == (("docker_network.n",), ("w",), "host")
    assert [(render(p.host_ip or Known("")), render(p.host_port or Known("")), render(p.container_port)) for p in facts.publishes] == [("127.0.0.1", "8080", "80")]
    assert [render(h.address) for h in facts.hosts] == ["host-gateway"]
    value = next(s.value for s in facts.env if s.name == "B")
    assert isinstance(next(iter(getattr(value, "parts", ()))), Choice)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.container", "[Container]\nEnvironment=" + "A=1 \\\n" * 30_000),
        ("a.service", "[Service]\n" + "Environment=HOST=" + "a:" * 100_000 + "\n"),
        ("a.plist", "<plist>" + "<dict><key>a</key>" * 50_000),
        ("b.plist", "<plist>" + "<!--" * 50_000),
        ("a.tf", 'resource "docker_container" "x" {\n env = ' + "[" * 100_000),
        ("b.tf", 'resource "docker_container" "x" {\n env = "' + "${" * 100_000),
        ("c.tf", "docker_container" + "/*" * 100_000),
        ("d.tf", 'resource "docker_container" "x" {\n' + "a {\n" * 50_000),
        ("e.tf", 'resource "docker_container" "x" {\n env = [\n' + '"A=1",\n' * 30_000 + "]\n}"),
        ("f.tf", "docker_container\n" + "a = <<X\n" * 50_000),
        ("p.yml", "- docker_container: {image: x, env: {" + "A: '{{ b }}', " * 20_000 + "}}\n"),
    ],
)
def test_hostile_files_take_linear_time(texts: Any, path: str, text: str) -> None:
    start = time.process_time()
    read(texts, {path: text})
    assert time.process_time() - start < 4


def test_a_name_alone_in_a_unit_is_passed_on(texts: Any) -> None:
    (launch,) = read(texts, {"a.container": "[Container]\nImage=x\nEnvironment=TOKEN\n"})[1].launches
    assert isinstance(launch.any.env[0].value, Unknown)
    assert launch.any.env[0].passed
