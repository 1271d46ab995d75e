"""What declarations tell: types of receivers, fields and results in Go, over the files of a package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stigmer_lint.engine.analyse import analyse
from stigmer_lint.engine.discover import Files
from stigmer_lint.flow.evaluate import Evaluator
from stigmer_lint.policy.types import NO_POLICY

MODULE = "module example.com/app\n\ngo 1.22\n"
TYPE = """package run

type Launcher struct {
	host  string
	image string
}

func New() *Launcher {
	return &Launcher{host: "localhost", image: "x/y"}
}
"""
METHOD = """package run

import (
	"os/exec"
)

func (l *Launcher) Start() error {
	return exec.Command("docker", "run", "-e", "API_URL=http://"+l.host+":8000", l.image).Run() // STG101
}
"""


def test_a_field_counts_in_methods_that_stand_in_another_file(found: Callable[..., None]) -> None:
    found({"go.mod": MODULE, "run/type.go": TYPE, "run/method.go": METHOD})
    found({"go.mod": MODULE, "run/a_method.go": METHOD, "run/type.go": TYPE, "run/method.go": "package run\n"})


def test_methods_of_a_type_that_is_declared_nowhere_are_read_all_the_same(found: Callable[..., None]) -> None:
    found({"go.mod": MODULE, "run/method.go": METHOD.replace('"+l.host+"', "localhost")})


SERVICE = """package service

import (
	"context"

	"example.com/app/wrapper"
	"github.com/containerd/nri/pkg/adaptation"
	"github.com/docker/docker/api/types/container"
)

type Service struct {
	wrapper  *wrapper.Wrapper
	adaption *adaptation.Adaptation
	other    Engine
}

type Engine interface {
	ContainerCreate(ctx context.Context, config *container.Config, host *container.HostConfig) error
}

func (s *Service) Start(ctx context.Context) error {
	s.adaption.CreateContainer(ctx, &adaptation.Request{Image: "x/y", Env: []string{"A_URL=http://localhost:1"}})
	mine := wrapper.New()
	mine.ContainerCreate(ctx, &container.Config{Image: "x/y", Env: []string{"B_URL=http://localhost:1"}}, nil)
	s.wrapper.ContainerCreate(ctx, &container.Config{Image: "x/y", Env: []string{"C_URL=http://localhost:1"}}, nil)
	return s.other.ContainerCreate(ctx, &container.Config{Image: "x/y", Env: []string{"D_URL=http://localhost:1"}}, nil) // STG101
}
"""
WRAPPER = """package wrapper

import (
	"context"

	"github.com/docker/docker/api/types/container"
)

type Wrapper struct{ seen int }

func New() *Wrapper { return &Wrapper{} }

func (w *Wrapper) ContainerCreate(ctx context.Context, config *container.Config, host *container.HostConfig) error {
	w.seen++
	return nil
}
"""


def test_methods_of_the_tree_and_of_other_libraries_start_nothing_by_their_names(found: Callable[..., None]) -> None:
    found({"go.mod": MODULE, "service/service.go": SERVICE, "wrapper/wrapper.go": WRAPPER})


def test_receivers_whose_types_are_declared_are_not_followed(tmp_path: Path) -> None:
    steps = 0
    (tmp_path / "go.mod").write_text(MODULE, encoding="utf-8")
    for name, text in (("service", SERVICE.replace("s.other.ContainerCreate", "s.wrapper.ContainerCreate")), ("wrapper", WRAPPER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.go").write_text(text, encoding="utf-8")
    before = Evaluator._eval

    def counted(self: Evaluator, *rest: object) -> object:
        nonlocal steps
        steps += 1
        return before(self, *rest)  # type: ignore[arg-type]

    Evaluator._eval = counted  # type: ignore[method-assign, assignment]
    try:
        assert not analyse(Files(tmp_path, ["."], cwd=tmp_path), NO_POLICY.policy, ("linux",)).world.launches
    finally:
        Evaluator._eval = before  # type: ignore[method-assign]
    assert steps == 0


def test_a_program_that_is_not_known_starts_no_container_without_a_word_for_it(tmp_path: Path) -> None:
    text = 'package main\n\n// docker\nimport "os/exec"\n\nfunc version(path string) { exec.Command(path, "--version").Run() }\n\nfunc other(path string) { exec.Command(path, "run", "-d", "x/y").Run() }\n'
    callers = "".join(f'func use{i}() {{ version("/usr/bin/p{i}"); other("docker") }}\n' for i in range(3))
    (tmp_path / "main.go").write_text(text + "\n" + callers, encoding="utf-8")
    world = analyse(Files(tmp_path, ["."], cwd=tmp_path), NO_POLICY.policy, ("linux",)).world
    assert [launch.function for launch in world.launches] == ["other"]


def test_the_program_itself_started_again_is_no_engine(tmp_path: Path) -> None:
    text = 'package main\n\n// docker\nimport ("os"; "os/exec")\n\nfunc again(args []string) {\n\tpath, err := os.Executable()\n\tif err != nil {\n\t\treturn\n\t}\n\texec.Command(path, args...).Run()\n}\n'
    (tmp_path / "main.go").write_text(text + '\nfunc main() { again([]string{"run", "-d", "x/y"}) }\n', encoding="utf-8")
    world = analyse(Files(tmp_path, ["."], cwd=tmp_path), NO_POLICY.policy, ("linux",)).world
    assert (world.launches, world.gaps) == ((), ())
