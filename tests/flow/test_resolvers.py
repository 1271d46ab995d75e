"""Resolvers: judged by what they answer, pointed at where they answer it."""

from __future__ import annotations

from collections.abc import Callable

RESOLVER = """package main

import (
	"os/exec"
	"strings"
)

func containerAddress(address string) string {
	return strings.ReplaceAll(address, "localhost", "host.docker.internal") // STG104
}

%s
func start(ollama string) error {
	return exec.Command("%s", "run", "-e", "OLLAMA_BASE_URL="+containerAddress(ollama), "example/worker:1").Run()
}
"""


def test_an_alias_that_the_tree_maps_somewhere_is_not_called_unmapped(found: Callable[..., None]) -> None:
    mapping = 'func addHost() []string {\n\treturn []string{"--add-host", "host.docker.internal:host-gateway"}\n}\n'
    found({"main.go": RESOLVER % (mapping, "unknown-engine")}, ("STG104",))
