"""Programs that are started in a container which runs: their variables are judged by the network of its launch."""

from __future__ import annotations

from collections.abc import Callable

GO = """
package main

import (
	"context"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

func name() string { return "relay_1" }

func start(ctx context.Context, api *client.Client) {
	api.ContainerCreate(ctx, &container.Config{Image: "example/relay:1"}, &container.HostConfig{NetworkMode: "NETWORK"}, nil, nil, name())
}

func serve(ctx context.Context, api *client.Client) {
	env := []string{
		"KONG_URL=http://kong_1:8000",
		"DATABASE_URL=postgresql://postgres@localhost:54322/postgres", MARK
	}
	api.ContainerExecCreate(ctx, name(), types.ExecConfig{Env: env, Cmd: []string{"serve"}})
}
"""


def test_a_program_that_dials_out_of_its_container(found: Callable[..., None]) -> None:
    found({"serve.go": GO.replace("NETWORK", "relay_net").replace("MARK", "// STG101")})


def test_the_same_on_the_network_of_the_host(found: Callable[..., None]) -> None:
    found({"serve.go": GO.replace("NETWORK", "host").replace("MARK", "")}, codes=("STG101",))


def test_what_dials_the_containers_own_program_has_loopback_for_good(found: Callable[..., None]) -> None:
    found({"db.sh": """
docker run -d --name db -e POSTGRES_PASSWORD=x postgres:16
docker exec -e PGHOST=localhost -e PGPASSWORD=x db psql -c 'select 1'
docker exec -e DATABASE_URL=postgresql://localhost:5432/postgres -e KONG_URL=http://kong:8000 db migrate
docker run -d --name tool --network app example/tool:1
docker exec -e DATABASE_URL=postgresql://localhost:5432/postgres tool migrate
docker exec -e DATABASE_URL=postgresql://localhost:5432/postgres -e KONG_URL=http://kong:8000 unknown migrate
docker exec -e DATABASE_URL=postgresql://localhost:5432/postgres -e KONG_URL=http://kong:8000 worker migrate  # STG101
docker run -d --name worker --network app example/worker:1
"""})


def test_a_container_of_a_script_that_is_only_copied_out_of_runs_nothing(found: Callable[..., None]) -> None:
    script = "#!/bin/sh\nid=$(docker create -e OLLAMA_BASE_URL=http://localhost:11434 acme/api)%s\ndocker cp \"$id:/x\" .\n"
    found({"a.sh": script % ""}, ("STG101",))
    found({"a.sh": script % " # STG101" + 'docker start "$id"\n'}, ("STG101",))
