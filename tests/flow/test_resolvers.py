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


def test_a_replacement_in_the_middle_of_other_code_that_loses_the_port(found: Callable[..., None]) -> None:
    tree = """package main

import "regexp"

var localhost = regexp.MustCompile(`^http://localhost(:\\d+)?`)

type server struct{ URL, Audit string }

func prepare(one server) server {
	one.URL = localhost.ReplaceAllString(one.URL, "http://host.docker.internal:8080")%s
	return one
}
"""
    found({"main.go": tree % " // STG104"}, ("STG104",))
    # Beside one that keeps the port it is meant for the program's own server.
    keeps = '\n\tone.Audit = localhost.ReplaceAllString(one.Audit, "http://host.docker.internal${1}")'
    found({"main.go": tree % keeps}, ("STG104",))


def test_a_word_that_is_exchanged_elsewhere_does_not_excuse_a_lost_port(found: Callable[..., None]) -> None:
    text = """class Printer {
  resume(address) {
    let url = address;
    url = url.replace(/localhost(:\\d+)?/, "host.docker.internal"); // STG104
    return url;
  }

  preview(address) {
    return address.replace("localhost", "host.docker.internal"); // STG104
  }
}
"""
    found({"printer.js": text}, ("STG104",))


def test_what_a_program_s_settings_give_comes_in_any_spelling(found: Callable[..., None]) -> None:
    text = """export class Printer {
  constructor(private readonly configService: ConfigService<Config>) {}

  preview() {
    const publicUrl = this.configService.getOrThrow<string>("PUBLIC_URL");
    let url = publicUrl;
    if (url.includes("localhost")) {
      url = url.replace("localhost", "host.docker.internal"); // STG104
    }
    return url;
  }
}
"""
    found({"printer.ts": text}, ("STG104",))
