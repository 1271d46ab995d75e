"""Compose services that code writes: compose-go's records, structs with YAML tags, maps in Python and TypeScript."""

from __future__ import annotations

from collections.abc import Callable


def test_records_of_the_compose_library(found: Callable[..., None]) -> None:
    found({"compose/services.go": """
package compose

import (
	"fmt"

	"github.com/compose-spec/compose-go/types"
)

type env map[string]string

func (e env) merge(other env) {
	for name, value := range other {
		e[name] = value
	}
}

func (e env) pairs() types.MappingWithEquals {
	out := []string{}
	for name, value := range e {
		out = append(out, fmt.Sprintf("%s=%s", name, value))
	}
	return types.NewMappingWithEquals(out)
}

func variables() env {
	e := env{"LOG_LEVEL": "debug"}
	e.merge(env{"OLLAMA_BASE_URL": "http://localhost:11434"}) // STG101
	return e
}

func runner() *types.ServiceConfig {
	return &types.ServiceConfig{
		Name:        "runner",
		Image:       "example/runner:1",
		Environment: variables().pairs(),
		Restart:     types.RestartPolicyAlways,
	}
}

func onHost() *types.ServiceConfig {
	return &types.ServiceConfig{Image: "example/runner:1", NetworkMode: "host", Environment: types.NewMappingWithEquals([]string{"DATABASE_URL=postgres://localhost/db"})} // STG105
}
"""})


def test_a_struct_whose_tags_are_those_of_a_service(found: Callable[..., None]) -> None:
    found({
        "docker/types.go": """
package docker

type Service struct {
	ContainerName string            `yaml:"container_name,omitempty"`
	Image         string            `yaml:"image,omitempty"`
	Environment   map[string]string `yaml:"environment,omitempty"`
	Ports         []string          `yaml:"ports,omitempty"`
	DependsOn     []string          `yaml:"depends_on,omitempty"`
	ExtraHosts    []string          `yaml:"extra_hosts,omitempty"`
}
""",
        "stack/stack.go": """
package stack

import "example.com/app/docker"

func services() map[string]*docker.Service {
	found := map[string]*docker.Service{}
	worker := &docker.Service{
		Image:       "example/worker:1",
		Environment: map[string]string{"API_URL": "http://host.docker.internal:8080"}, // STG103
	}
	worker.Environment["REDIS_URL"] = "redis://127.0.0.1:6379" // STG101
	found["worker"] = worker
	found["mapped"] = &docker.Service{
		Image:       "example/worker:1",
		Environment: map[string]string{"API_URL": "http://host.docker.internal:8080"},
		ExtraHosts:  []string{"host.docker.internal:host-gateway"},
	}
	return found
}
""",
        "go.mod": "module example.com/app\n\ngo 1.22\n",
    })


def test_maps_in_python_and_typescript(found: Callable[..., None]) -> None:
    found({
        "generate.py": """
import yaml


def compose(port: int) -> str:
    service = {
        "image": "example/api:1",
        "restart": "always",
        "environment": {"DATABASE_URL": "postgresql://localhost:5432/app"},  # STG101
    }
    service["ports"] = [f"{port}:8000"]
    return yaml.safe_dump({"services": {"api": service}})  # docker-compose.yml
""",
        "generate.ts": """
import { stringify } from "yaml";

export function dockerCompose(): string {
  return stringify({
    services: {
      api: {
        image: "example/api:1",
        container_name: "api",
        environment: [
          "OLLAMA_BASE_URL=http://localhost:11434", // STG101
        ],
      },
      proxy: { image: "example/proxy:1", network_mode: "service:api", environment: { REDIS_URL: "redis://localhost:6379" } },
    },
  });
}
""",
    })


def test_other_records_with_an_image_are_no_services(found: Callable[..., None]) -> None:
    found({
        "pod.py": """
# Kubernetes, not docker-compose.
container = {"name": "api", "image": "example/api:1", "ports": [{"containerPort": 80}], "env": [{"name": "DATABASE_URL", "value": "postgres://localhost/db"}]}
""",
        "task.ts": """
// An ECS task; docker compose is for development.
export const definition = { image: "example/api:1", essential: true, environment: [{ name: "DATABASE_URL", value: "postgres://localhost/db" }], cpu: 256 };
""",
        "card.go": """
package card

type Card struct {
	Image string `yaml:"image"`
	Ports string `yaml:"ports"`
}

// docker
var One = Card{Image: "a.png", Ports: "http://localhost:3000"}
""",
    })


def test_what_a_function_calls_public_is_for_browsers(found: Callable[..., None]) -> None:
    found({"compose.go": """
package compose

import (
	"fmt"

	"github.com/compose-spec/compose-go/types"
)

func PublicAuthURL(port int) string { return fmt.Sprintf("http://localhost:%d/v1/auth", port) }

func authURL(port int) string { return fmt.Sprintf("http://localhost:%d/v1/auth", port) }

func auth(port int) *types.ServiceConfig {
	return &types.ServiceConfig{Image: "example/web:1", Environment: types.NewMappingWithEquals([]string{"AUTH_SERVER_URL=" + PublicAuthURL(port)})}
}

func other(port int) *types.ServiceConfig {
	return &types.ServiceConfig{Image: "example/web:1", Environment: types.NewMappingWithEquals([]string{"AUTH_SERVER_URL=" + authURL(port)})} // STG101
}
"""}, codes=("STG101",))
