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


def test_what_the_crates_below_read_may_be_on_no_path_of_the_program(world: Worlds) -> None:
    [component] = world({
        "compose.yaml": "services:\n  a:\n    build: {context: ., dockerfile: front/Dockerfile}\n", "front/Dockerfile": "FROM rust\nCOPY . .\n",
        "Cargo.toml": '[workspace]\nmembers = ["front", "lib"]\n', "front/Cargo.toml": '[package]\nname = "front"\n[dependencies]\nlib = { path = "../lib" }\n',
        "lib/Cargo.toml": '[package]\nname = "lib"\n',
        "front/src/main.rs": 'fn f() { env::var("FRONT"); }\n', "lib/src/lib.rs": 'fn f() { env::var("LIB"); }\n',
    }).components  # fmt: skip
    assert {read.name: read.conditional for read in component.reads} == {"FRONT": False, "LIB": True}


def test_a_file_that_is_mounted_is_read_by_the_image_it_is_mounted_into(world: Worlds) -> None:
    [component] = world({
        "compose.yaml": "services:\n  a:\n    image: otel/collector\n    volumes: ['./conf.yml:/etc/conf.yml']\n", "conf.yml": "brokers: ${KAFKA_ADDR}\n",
    }).components  # fmt: skip
    assert (names(component), component.whole) == ({"KAFKA_ADDR"}, False)


def test_go_packages_that_the_program_does_not_import_are_not_inside(world: Worlds) -> None:
    read = 'package {}\nimport ("os"{})\nfunc F() {{ os.Getenv("{}") }}\n'
    tree = {
        "compose.yaml": "services:\n  a:\n    build: .\n", "go.mod": "module example.org/x\n",
        "cmd/app/main.go": read.format("main", '; "example.org/x/lib"', "APP"), "lib/lib.go": read.format("lib", "", "LIB"),
        "cmd/other/main.go": read.format("main", '; "example.org/x/more"', "OTHER"), "more/more.go": read.format("more", "", "MORE"),
    }  # fmt: skip
    dockerfile = "FROM golang AS b\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 go build -ldflags '-s -w' -o /app {}\nFROM scratch\nCOPY --from=b /app /app\n"
    for written, inside in (("./cmd/app", {"APP", "LIB"}), ("cmd/other/main.go", {"OTHER", "MORE"}), ("$TARGET", {"APP", "LIB", "OTHER", "MORE"}), ("./cmd/...", {"APP", "LIB", "OTHER", "MORE"})):
        [component] = world({**tree, "Dockerfile": dockerfile.format(written)}).components
        assert names(component) == inside
    [component] = world({**tree, "Dockerfile": "FROM golang\nCOPY . .\nRUN make build && go build ./cmd/app\n"}).components
    assert names(component) == {"APP", "LIB", "OTHER", "MORE"}


def test_a_go_file_may_import_nothing_at_length(world: Worlds) -> None:
    [component] = world({
        "compose.yaml": "services:\n  a:\n    build: .\n", "go.mod": "module example.org/x\n", "Dockerfile": "FROM golang\nCOPY . .\nRUN go build -o /app ./cmd/app\n",
        "cmd/app/main.go": 'package main\nimport ()\nimport "os"\nfunc F() { os.Getenv("APP") }\n',
    }).components  # fmt: skip
    assert names(component) == {"APP"}


def test_an_image_named_like_a_program_of_the_tree_holds_that_program_alone(world: Worlds) -> None:
    read = 'package {}\nimport ("os"{})\nfunc F() {{ os.Getenv("{}") }}\n'
    [component] = world({
        "compose.yaml": "services:\n  a:\n    image: example/auth:1\n", "go.mod": "module example.org/x\n",
        "cmd/auth/main.go": read.format("main", '; "example.org/x/lib"', "AUTH"), "lib/lib.go": read.format("lib", "", "LIB"),
        "cmd/users/main.go": read.format("main", "", "USERS"), "docker/entrypoint.sh": "exec app --to ${OTHER_URL:?}\n",
    }).components  # fmt: skip
    assert (names(component), component.certain) == ({"AUTH", "LIB"}, False)


def test_services_of_one_image_run_the_same_code_where_one_is_known(world: Worlds) -> None:
    text = "services:\n  api:\n    image: acme/app:1\n    container_name: api-1\n  worker:\n    image: acme/app:1\n  other:\n    image: acme/other:1\n  db:\n    image: postgres:16\n"
    [component] = world({
        "build.compose.yaml": "services:\n  a:\n    build: .\n    container_name: api-1\n", "Dockerfile": "FROM python\nCOPY . .\n", "a.py": READ.format("AA"), "compose.yaml": text,
    }).components  # fmt: skip
    assert {launch.service for launch in component.launches} == {"a", "api", "worker"}


def test_the_start_line_of_an_image_reads_what_a_shell_fills_in(world: Worlds) -> None:
    start = "serve --port $API_PORT --host ${HOST_IP:-0.0.0.0} \"$MODE\" && X=1 && echo $X"
    [component] = world({"compose.yaml": "services:\n  a:\n    build: .\n", "Dockerfile": f"FROM python\nCOPY . .\nENTRYPOINT {start}\n", "a.py": "import os\n"}).components
    assert {(read.name, read.required, read.default is not None) for read in component.reads} == {("API_PORT", True, False), ("HOST_IP", False, True), ("MODE", False, False)}
    [component] = world({"Dockerfile": 'FROM python\nCOPY . .\nENTRYPOINT ["serve", "--port", "$API_PORT"]\n'}).components
    assert not component.reads


def test_an_image_that_a_dockerfile_starts_from_is_not_what_it_makes(world: Worlds) -> None:
    files = {"tools/quickwit/Dockerfile": "FROM quickwit/quickwit:0.8\nCOPY . .\n", "tools/quickwit/a.py": READ.format("AA"), "pod.yaml": "services:\n  q:\n    image: quickwit/quickwit:0.8\n"}
    assert not world({**files, "compose.yaml": files["pod.yaml"]}).components
    [component] = world({"compose.yaml": "services:\n  q:\n    image: acme/quickwit:0.8\n"}).components
    assert names(component) == {"AA"}
