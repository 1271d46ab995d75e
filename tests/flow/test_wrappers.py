"""Helpers that start every container of a program, and what is set up elsewhere before they do."""

from __future__ import annotations

from collections.abc import Callable

MODULE = "module example.com/app\n\ngo 1.22\n"
HELPER = """package docker

import (
	"context"

	"example.com/app/state"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

var cli *client.Client

func Start(ctx context.Context, config container.Config, host container.HostConfig, name string) error {
	if len(host.NetworkMode) == 0 {
		host.NetworkMode = container.NetworkMode(state.Network)
	}
	_, err := cli.ContainerCreate(ctx, &config, &host, nil, nil, name)
	return err
}

func RunOnce(ctx context.Context, config container.Config, host container.HostConfig) error {
	return Start(ctx, config, host, "")
}
"""
STATE = """package state

var (
	Network string
	Gateway string
)

func Load(project string) {
	Network = "app_network_" + project
	Gateway = "app_gateway_" + project
}
"""


def caller(name: str, env: str, host: str = "container.HostConfig{}", helper: str = "RunOnce") -> str:
    more = ', "x"' if helper == "Start" else ""
    return f"""package {name}

import (
	"context"
	"strconv"

	"example.com/app/docker"
	"example.com/app/state"
	"github.com/docker/docker/api/types/container"
)

func Run(ctx context.Context, port int) error {{
	_ = strconv.Itoa(port) + state.Gateway
	return docker.{helper}(ctx, container.Config{{
		Image: "example/{name}:1",
		Env: []string{{
{env}
		}},
	}}, {host}{more})
}}
"""


def test_every_caller_of_a_helper_is_followed_however_many_there_are(found: Callable[..., None]) -> None:
    tree = {"go.mod": MODULE, "docker/docker.go": HELPER, "state/state.go": STATE}
    for index in range(12):
        tree[f"good{index}/good.go"] = caller(f"good{index}", '\t\t\t"API_URL=http://" + state.Gateway + ":8000",', helper="Start")
        tree[f"cmd/good{index}.go"] = f'package cmd\n\nimport "example.com/app/good{index}"\n\nfunc Good{index}() {{ good{index}.Run(nil, {index}) }}\n'
    tree["bad/bad.go"] = caller("bad", '\t\t\t"DB_URL=postgresql://u@localhost:" + strconv.Itoa(port) + "/app", // STG101')
    found(tree)


def test_a_network_that_a_helper_chooses_counts_where_the_caller_gives_none(found: Callable[..., None]) -> None:
    found({
        "go.mod": MODULE, "docker/docker.go": HELPER, "state/state.go": STATE,
        "a/a.go": caller("a", '\t\t\t"DB_URL=postgresql://u@localhost:5432/app", // STG101'),
        "b/b.go": caller("b", '\t\t\t"DB_URL=postgresql://u@localhost:5432/app", // STG105', 'container.HostConfig{NetworkMode: container.NetworkMode("host")}'),
    })  # fmt: skip


def test_a_variable_of_a_package_is_what_its_functions_set(found: Callable[..., None]) -> None:
    text = STATE.replace('"app_gateway_" + project', '"localhost"')
    found({
        "go.mod": MODULE, "docker/docker.go": HELPER, "state/state.go": text,
        "a/a.go": caller("a", '\t\t\t"API_ENDPOINT=http://" + state.Gateway + ":8000", // STG101'),
    })  # fmt: skip


def test_a_local_of_the_same_name_is_another_variable(found: Callable[..., None]) -> None:
    text = STATE + '\nfunc Other() string {\n\tGateway := "localhost"\n\treturn Gateway\n}\n'
    found({
        "go.mod": MODULE, "docker/docker.go": HELPER, "state/state.go": text,
        "a/a.go": caller("a", '\t\t\t"API_ENDPOINT=http://" + state.Gateway + ":8000",'),
    })  # fmt: skip
