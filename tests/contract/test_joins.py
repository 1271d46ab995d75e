"""Which files are inside which image."""

from __future__ import annotations

from collections.abc import Callable

from stigmer_lint.model.world import Component, World

Worlds = Callable[[dict[str, str]], World]
READ = "import os\nx = os.environ['{}']\n"


def names(component: Component) -> set[str]:
    return {read.name for read in component.reads}


def test_only_what_the_dockerfile_copies_is_inside(world: Worlds) -> None:
    [component] = world({
        "compose.yaml": "services:\n  a:\n    build: .\n", "Dockerfile": "FROM python\nCOPY loader.py lib/ ./\n",
        "loader.py": READ.format("IN"), "lib/x.py": READ.format("LIB"), "api.py": READ.format("OUT"),
    }).components  # fmt: skip
    assert names(component) == {"IN", "LIB"}


def test_a_container_name_joins_launches_of_different_languages(world: Worlds) -> None:
    go = 'package a\nimport "os/exec"\nfunc f() { exec.Command("docker", "run", "--name", "worker-1", "ghcr.io/x/other").Run() }\n'
    [component] = world({
        "app/compose.yaml": "services:\n  a:\n    build: .\n    container_name: worker-1\n", "app/Dockerfile": "FROM python\nCOPY . .\n",
        "app/a.py": READ.format("AA"), "go/a.go": go,
    }).components  # fmt: skip
    assert {launch.kind for launch in component.launches} == {"compose", "docker run"}


def test_an_image_named_like_a_package_with_a_dockerfile_is_joined_less_surely(world: Worlds) -> None:
    [component] = world({
        "deploy.yaml": "", "compose.yaml": "services:\n  a:\n    image: ghcr.io/x/my-app:1\n", "Dockerfile": "FROM python\nCOPY . .\n",
        "pyproject.toml": '[project]\nname = "my-app"\n', "a.py": READ.format("AA"),
    }).components  # fmt: skip
    assert (names(component), component.certain) == ({"AA"}, False)


def test_a_folder_with_a_program_of_its_own_is_not_inside(world: Worlds) -> None:
    found = world({
        "compose.yaml": "services:\n  a:\n    build: .\n", "Dockerfile": "FROM python\nCOPY . .\n", "a.py": READ.format("AA"),
        "other/Dockerfile": "FROM python\nCOPY . .\n", "other/pyproject.toml": "", "other/b.py": READ.format("BB"),
    }).components  # fmt: skip
    assert names(found[0]) == {"AA"}


def test_a_crate_that_the_program_does_not_depend_on_is_not_inside(world: Worlds) -> None:
    [component] = world({
        "compose.yaml": "services:\n  a:\n    build: {context: ., dockerfile: front/Dockerfile}\n", "front/Dockerfile": "FROM rust\nCOPY . .\n",
        "Cargo.toml": '[workspace]\nmembers = ["front", "lib", "back"]\n', "front/Cargo.toml": '[package]\nname = "front"\n[dependencies]\nlib = { path = "../lib" }\n',
        "lib/Cargo.toml": '[package]\nname = "lib"\n', "back/Cargo.toml": '[package]\nname = "back"\n',
        "front/src/main.rs": 'fn f() { env::var("FRONT"); }\n', "lib/src/lib.rs": 'fn f() { env::var("LIB"); }\n', "back/src/main.rs": 'fn f() { env::var("BACK"); }\n',
    }).components  # fmt: skip
    assert names(component) == {"FRONT", "LIB"}


def test_a_file_that_is_mounted_is_read_by_the_image_it_is_mounted_into(world: Worlds) -> None:
    [component] = world({
        "compose.yaml": "services:\n  a:\n    image: otel/collector\n    volumes: ['./conf.yml:/etc/conf.yml']\n", "conf.yml": "brokers: ${KAFKA_ADDR}\n",
    }).components  # fmt: skip
    assert (names(component), component.whole) == ({"KAFKA_ADDR"}, False)
