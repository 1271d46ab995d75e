"""What makes a loopback address right, or less certain to be wrong."""

from __future__ import annotations

from collections.abc import Callable

RUN = "#!/bin/sh\ndocker run -e DB_URL=postgresql://x:x@localhost/x example/app:1 %s\n"


def test_a_container_that_only_imports_its_code_dials_nobody(found: Callable[..., None]) -> None:
    found({
        "import.sh": RUN % "python -c \"import core, services.api; print('backend ok')\"",
        "from.sh": RUN % "python3 -c 'from app.main import app'",
        "serve.sh": RUN % "python -c 'import app; app.serve()' # STG101",
        "plain.sh": RUN % "python -m app # STG101",
    })  # fmt: skip


PORTS = """package main

import (
	"context"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/nat"
)

func ports() (map[nat.Port]struct{}, map[nat.Port][]nat.PortBinding, error) {
	return nat.ParsePortSpecs([]string{"0.0.0.0:30081:30081", "8443:443"})
}

func run(ctx context.Context, cli *client.Client) error {
	exposed, bindings, err := ports()
	if err != nil {
		return err
	}
	_, err = cli.ContainerCreate(ctx, &container.Config{
		Image:        "example/sandbox:1",
		ExposedPorts: exposed,
		Env: []string{
			"OWN_ENDPOINT=localhost:30081",
			"OTHER_ENDPOINT=localhost:30099", // STG101
		},
	}, &container.HostConfig{PortBindings: bindings}, nil, nil, "sandbox")
	return err
}
"""


def test_ports_that_are_parsed_from_their_short_form_are_the_container_s_own(found: Callable[..., None]) -> None:
    found({"go.mod": "module example.com/x\n", "main.go": PORTS}, ("STG101",))


SHOWN = """#!/bin/sh
docker run --network app_net -e STUDIO_PUBLIC_URL=http://localhost:8000 \\
  -e STUDIO_REST_ENDPOINT=http://localhost:8000/rest -e %s example/studio:1%s
"""


def test_what_is_shown_to_browsers_beside_the_way_inside_is_less_certain(found: Callable[..., None]) -> None:
    found({"a.sh": SHOWN % ("STUDIO_API_URL=http://gateway:8000", "")}, ("STG101",))


def test_without_a_way_inside_it_is_the_mistake(found: Callable[..., None]) -> None:
    found({"a.sh": SHOWN % ("MODE=x", " # STG101")}, ("STG101",))
