"""The usual ways to put a command line together: each of these starts a container with API_URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from stigmer_lint.engine.analyse import analyse
from stigmer_lint.engine.discover import Files
from stigmer_lint.model.value import render
from stigmer_lint.policy.load import NO_POLICY

PYTHON = {
    "two generators": 'subprocess.run(["docker", "run", *[x for k, v in ENV.items() for x in ("-e", f"{k}={v}")], "acme/app"])',
    "a chain": 'subprocess.run(["docker", "run", *itertools.chain.from_iterable(("-e", f"{k}={v}") for k, v in ENV.items()), "acme/app"])',
    "a sum of lists": 'subprocess.run(["docker", "run"] + sum([["-e", f"{k}={v}"] for k, v in ENV.items()], []) + ["acme/app"])',
    "a wrapper of words": 'def dock(*args): subprocess.run(["docker", *args])\ndock("run", "-e", f"API_URL={ENV[\'API_URL\']}", "acme/app")',
    "a wrapper of a list": 'def dock(args): subprocess.run(["docker"] + args)\ndock(["run", "-e", "API_URL=" + ENV["API_URL"], "acme/app"])',
    "a wrapper with a verb": 'def dock(verb, *rest): subprocess.run(["docker", verb, *rest])\ndock("run", "-e", f"API_URL={ENV[\'API_URL\']}", "acme/app")',
}
PYTHON |= {
    "a text without its indent": 'subprocess.run(["bash", "-c", textwrap.dedent(f"""\n    docker run -d -e API_URL={ENV[\'API_URL\']} acme/app\n""")])',
    "keywords of dict": 'params = dict(image="acme/app", environment=dict(API_URL=ENV["API_URL"]))\ndocker.from_env().containers.run(**params)',
    "an object that fills itself": (
        'class Runner:\n    def __init__(self): self.args = ["run"]\n    def env(self, k, v):\n        self.args += ["-e", f"{k}={v}"]\n        return self\n'
        '    def start(self, image): return subprocess.Popen(["docker", *self.args, image])\nRunner().env("API_URL", ENV["API_URL"]).start("acme/app")'
    ),
}
GO = {
    "keys alone": 'args := []string{"run"}\n\tfor k := range env {\n\t\targs = append(args, "-e", k+"="+env[k])\n\t}\n\texec.Command("docker", append(args, "acme/app")...).Run()',
    "sorted keys": 'keys := make([]string, 0, len(env))\n\tfor k := range env {\n\t\tkeys = append(keys, k)\n\t}\n\tsort.Strings(keys)\n\targs := []string{"run"}\n'
                   '\tfor _, k := range keys {\n\t\targs = append(args, "-e", fmt.Sprintf("%s=%s", k, env[k]))\n\t}\n\targs = append(args, "acme/app")\n\texec.Command("docker", args...).Run()',
    "keys of maps": 'args := []string{"run"}\n\tfor _, k := range slices.Sorted(maps.Keys(env)) {\n\t\targs = append(args, "-e", k+"="+env[k])\n\t}\n\texec.Command("docker", append(args, "acme/app")...).Run()',
    "a wrapper of words": 'docker("run", "-e", "API_URL="+env["API_URL"], "acme/app")',
    "a wrapper of a list": 'args := []string{"run", "-e", "API_URL=" + env["API_URL"]}\n\tdocker(append(args, "acme/app")...)',
    "a client of the package": 'cli.ContainerCreate(context.TODO(), &container.Config{Image: "acme/app", Env: []string{"API_URL=" + env["API_URL"]}}, nil, nil, nil, "")',
}
GO_FILE = """package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"sort"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

var env = map[string]string{"API_URL": "http://localhost:8000"}

var cli *client.Client

func docker(args ...string) error {
	cmd := exec.CommandContext(context.TODO(), "docker", args...)
	return cmd.Run()
}

type builder struct{ args []string }

func (b *builder) env(k, v string) *builder { b.args = append(b.args, "-e", k+"="+v); return b }
func (b *builder) image(i string) *builder  { b.args = append(b.args, i); return b }
func (b *builder) start() error             { return exec.Command("docker", b.args...).Run() }

func main() {
	%s
}
"""
PYTHON |= {
    "a text that is written piece by piece": 'out = io.StringIO()\nout.write("docker run ")\nout.write(f"-e API_URL={ENV[\'API_URL\']} acme/app")\nsubprocess.run(out.getvalue(), shell=True)',
    "a generator": 'def flags(env):\n    for k, v in env.items():\n        yield "-e"\n        yield f"{k}={v}"\nsubprocess.run(["docker", "run", *flags(ENV), "acme/app"])',
    "a generator of another": (
        'def flags(env):\n    for k, v in env.items():\n        yield from ("-e", f"{k}={v}")\ndef words(env):\n    yield "run"\n    yield from flags(env)\n'
        'subprocess.run(["docker", *words(ENV), "acme/app"])'
    ),
}
GO |= {
    "a builder": '(&builder{args: []string{"run"}}).env("API_URL", env["API_URL"]).image("acme/app").start()',
    "a builder step by step": 'b := &builder{args: []string{"run"}}\n\tb.env("API_URL", env["API_URL"])\n\tb.image("acme/app").start()',
}
PYTHON |= {"a script beside a function of the engine's name": 'def docker(*words): ...\nsubprocess.run(f"docker run -e API_URL={ENV[\'API_URL\']} acme/app", shell=True)'}
GO |= {"a script beside a function of the engine's name": 'exec.Command("sh", "-c", "docker run -e API_URL="+env["API_URL"]+" acme/app").Run()'}
GO |= {
    "a builder that begins with nothing": 'b := &builder{}\n\tb.args = append(b.args, "run")\n\tb.env("API_URL", env["API_URL"])\n\tb.image("acme/app").start()',
    "options that are functions": (
        'with := func(k, v string) func(*builder) { return func(b *builder) { b.args = append(b.args, "-e", k+"="+v) } }\n\tb := &builder{}\n\tb.args = append(b.args, "run")\n'
        '\tfor _, option := range []func(*builder){with("API_URL", env["API_URL"])} {\n\t\toption(b)\n\t}\n\tb.image("acme/app").start()'
    ),
    "a text that is written piece by piece": 'var sb strings.Builder\n\tsb.WriteString("docker run ")\n\tfmt.Fprintf(&sb, "-e API_URL=%s ", env["API_URL"])\n\tsb.WriteString("acme/app")\n\texec.Command("sh", "-c", sb.String()).Run()',
    "a buffer": 'b := &bytes.Buffer{}\n\tfmt.Fprint(b, "docker run -e API_URL=", env["API_URL"], " acme/app")\n\texec.Command("sh", "-c", b.String()).Run()',
}
TYPESCRIPT = {
    "keys": "const a = ['run']\nfor (const k of Object.keys(ENV)) a.push('-e', `${k}=${ENV[k]}`)\nspawn('docker', [...a, 'acme/app'])",
    "for in": "const a = ['run']\nfor (const k in ENV) { a.push('-e'); a.push(k + '=' + ENV[k]) }\nspawn('docker', a.concat(['acme/app']))",
    "an arrow for each": "const a = ['run']\nObject.keys(ENV).forEach(k => a.push('-e', `${k}=${ENV[k]}`))\nspawn('docker', [...a, 'acme/app'])",
    "a wrapper of words": "function docker(...args: string[]) { return spawn('docker', args) }\ndocker('run', '-e', `API_URL=${ENV.API_URL}`, 'acme/app')",
    "a wrapper of a list": "const docker = (args: string[]) => { spawn('docker', args) }\ndocker(['run', '-e', `API_URL=${ENV.API_URL}`, 'acme/app'])",
    "a method": "class Engine {\n  run(args: string[]) { return spawn('docker', args) }\n  start() { return this.run(['run', '-e', `API_URL=${ENV.API_URL}`, 'acme/app']) }\n}\nnew Engine().start()",
}


TYPESCRIPT |= {
    "a script beside a function of the engine's name": "function docker(words: string[]) { return words }\nexec(`docker run -e API_URL=${ENV.API_URL} acme/app`)",
    "a generator": "function* flags(env: Record<string, string>) {\n  for (const [k, v] of Object.entries(env)) { yield '-e'; yield `${k}=${v}` }\n}\nspawn('docker', ['run', ...flags(ENV), 'acme/app'])",
    "a generator of another": (
        "class Run {\n  *flags(env: Record<string, string>) { for (const k of Object.keys(env)) yield* ['-e', `${k}=${env[k]}`] }\n"
        "  start() { const a = ['run']; for (const word of this.flags(ENV)) a.push(word); spawn('docker', [...a, 'acme/app']) }\n}\nnew Run().start()"
    ),
    "a Map": "const m = new Map([['API_URL', ENV.API_URL]])\nconst a = ['run']\nfor (const [k, v] of m) a.push('-e', `${k}=${v}`)\nspawn('docker', [...a, 'acme/app'])",
    "a Map that is filled": "const m = new Map<string, string>()\nm.set('API_URL', ENV.API_URL)\nconst a = ['run']\nm.forEach((v, k) => a.push('-e', `${k}=${v}`))\nspawn('docker', [...a, 'acme/app'])",
    "a Map's entries": "const m = new Map(Object.entries(ENV))\nconst f = [...m].map(([k, v]) => `-e ${k}=${v}`).join(' ')\nexec(`docker run ${f} acme/app`)",
    "a list in a template": "import { $ } from 'zx'\nconst flags = ['-e', `API_URL=${ENV.API_URL}`]\n$`docker run ${flags} acme/app`",
    "a promise form": "const runFile = promisify(execFile)\nrunFile('docker', ['run', '-e', `API_URL=${ENV.API_URL}`, 'acme/app'])",
    "a promise form of a shell": "const sh = util.promisify(exec)\nsh(`docker run -e API_URL=${ENV.API_URL} acme/app`)",
    "a builder": (
        "class Run {\n  private args: string[] = ['run']\n  env(k: string, v: string) { this.args.push('-e', `${k}=${v}`); return this }\n"
        "  start(image: string) { return spawn('docker', [...this.args, image]) }\n}\nnew Run().env('API_URL', ENV.API_URL).start('acme/app')"
    ),
}


def launches(folder: Path, name: str, text: str) -> list[tuple[str, dict[str, str]]]:
    (folder / name).write_text(text, "utf-8")
    world = analyse(Files(folder, ["."], cwd=folder), NO_POLICY.policy, ("linux",)).world
    return [(render(one.any.image) if one.any.image is not None else "", {setting.name: render(setting.value) for setting in one.any.env}) for one in world.launches]


STARTED = [("acme/app", {"API_URL": "http://localhost:8000"})]


@pytest.mark.parametrize("code", PYTHON.values(), ids=PYTHON)
def test_python(code: str, tmp_path: Path) -> None:
    text = f'import io\nimport itertools\nimport subprocess\nimport textwrap\n\nimport docker\n\nENV = {{"API_URL": "http://localhost:8000"}}\n\n{code}\n'
    assert launches(tmp_path, "a.py", text) == STARTED


@pytest.mark.parametrize("code", GO.values(), ids=GO)
def test_go(code: str, tmp_path: Path) -> None:
    assert launches(tmp_path, "a.go", GO_FILE % code) == STARTED


@pytest.mark.parametrize("code", TYPESCRIPT.values(), ids=TYPESCRIPT)
def test_typescript(code: str, tmp_path: Path) -> None:
    text = f"import {{ exec, execFile, spawn }} from 'child_process'\nimport util, {{ promisify }} from 'util'\nconst ENV: Record<string, string> = {{ API_URL: 'http://localhost:8000' }}\n{code}\n"
    assert launches(tmp_path, "a.ts", text) == STARTED


NAMED_MAP = """package main

type vars map[string]string

func (v vars) merge(more vars) {
	for name, value := range more {
		v[name] = value
	}
}

func (v vars) flags() (out []string) {
	for name, value := range v {
		out = append(out, "-e", name+"="+value)
	}
	return out
}
"""


@pytest.mark.parametrize(
    "made",
    [
        'vars{}\n\tv.merge(vars{"API_URL": "http://localhost:8000"})',
        'make(vars)\n\tv["API_URL"] = "http://localhost:8000"',
        'vars{"API_URL": "http://localhost:8000"}',
    ],
)
def test_a_map_whose_type_another_file_declares(made: str, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/x\n", "utf-8")
    (tmp_path / "vars.go").write_text(NAMED_MAP, "utf-8")
    text = f'package main\n\nimport "os/exec"\n\nfunc main() {{\n\tv := {made}\n\texec.Command("docker", append(append([]string{{"run"}}, v.flags()...), "acme/app")...).Run()\n}}\n'
    assert launches(tmp_path, "a.go", text) == STARTED


@pytest.mark.parametrize("call", ['docker("ps", "-a")', 'docker(words()...)'])
def test_a_wrapper_that_starts_nothing(call: str, tmp_path: Path) -> None:
    text = 'package main\n\nimport "os/exec"\n\nfunc docker(args ...string) error { return exec.Command("docker", args...).Run() }\n\nfunc main() { %s }\n'
    assert launches(tmp_path, "a.go", text % call) == []


def test_what_a_context_manager_yields_is_no_list(tmp_path: Path) -> None:
    text = (
        'import subprocess\nfrom contextlib import contextmanager\n\n@contextmanager\ndef url():\n    yield "http://localhost:8000"\n\n'
        'with url() as one:\n    subprocess.run(["docker", "run", "-e", f"API_URL={one}", "acme/app"])\n'
    )
    [(image, env)] = launches(tmp_path, "a.py", text)
    assert image == "acme/app"
    assert list(env) == ["API_URL"]


SHELL = {
    "a program with a default": 'D=${D:-docker}\n$D run -e API_URL=$URL acme/app',
    "a program of its own name": 'DOCKER=${DOCKER:-docker}\n$DOCKER run -e API_URL=$URL acme/app',
    "options of their own name": 'OPTS="${OPTS:--e API_URL=$URL}"\ndocker run $OPTS acme/app',
    "one of two programs": 'if [ -n "$X" ]; then R=podman; else R=docker; fi\n"$R" run -e API_URL=$URL acme/app',
    "a program that is looked for": 'R=$(command -v docker)\n$R run -e API_URL=$URL acme/app',
    "a text that is evaluated": 'CMD="docker run -e API_URL=$URL"\neval $CMD acme/app',
    "a script on the input of a shell": "bash -e <<EOF\ndocker run -e API_URL=$URL acme/app\nEOF",
    "a script that is put into a file": "cat >run.sh <<EOF\n#!/bin/sh\ndocker run -e API_URL=$URL acme/app\nEOF",
    "a script that is put into a file by another": "cat <<EOF | sudo tee /usr/local/bin/run >/dev/null\n#!/usr/bin/env bash\ndocker run -e API_URL=$URL acme/app\nEOF",
    "a text that is evaluated as one": 'CMD="docker run -e API_URL=$URL acme/app"\neval "$CMD"',
}


@pytest.mark.parametrize("code", SHELL.values(), ids=SHELL)
def test_shell(code: str, tmp_path: Path) -> None:
    assert launches(tmp_path, "a.sh", f"#!/bin/bash\nURL=http://localhost:8000\n{code}\n") == STARTED


def test_a_program_that_go_looks_for(tmp_path: Path) -> None:
    text = 'package main\n\nimport "os/exec"\n\nfunc main() {\n\tpath, _ := exec.LookPath("docker")\n\texec.Command(path, "run", "-e", "API_URL=http://localhost:8000", "acme/app").Run()\n}\n'
    assert launches(tmp_path, "a.go", text) == STARTED


@pytest.mark.parametrize("before", ["cat >notes.txt <<EOF", "ssh host bash <<EOF", "docker exec -i box bash <<EOF"])
def test_a_text_that_no_shell_here_carries_out_starts_nothing(before: str, tmp_path: Path) -> None:
    found = launches(tmp_path, "a.sh", f"#!/bin/sh\n{before}\ndocker run -e API_URL=http://localhost:8000 acme/app\nEOF\n")
    assert not [one for one in found if one[0] == "acme/app"]


def test_a_variable_of_another_program_starts_no_container(tmp_path: Path) -> None:
    assert launches(tmp_path, "a.sh", "#!/bin/sh\nTOOL=acme-docker\n$TOOL run -e API_URL=http://localhost:8000 acme/app\ndocker ps\n") == []


FLAGS = {
    "a flag": ('"flag"', 'var url = flag.String("url", "http://localhost:8000", "where")', "*url"),
    "a flag of pflag": ('"github.com/spf13/pflag"', 'var url = pflag.StringP("url", "u", "http://localhost:8000", "where")', "*url"),
    "a flag that a command is asked for": (
        '"github.com/spf13/cobra"', 'func setUp(cmd *cobra.Command) { cmd.Flags().String("url", "http://localhost:8000", "where") }\n\nvar root *cobra.Command\n\n'
        'func asked() string {\n\tfound, _ := root.Flags().GetString("url")\n\treturn found\n}', "asked()"),
    "a setting of viper": ('"github.com/spf13/viper"', 'func init() { viper.SetDefault("llm.url", "http://localhost:8000") }', 'viper.GetString("llm.url")'),
    "a flag of urfave": (
        '"github.com/urfave/cli/v2"', 'var flags = []cli.Flag{&cli.StringFlag{Name: "url", Value: "http://localhost:8000"}}\n\nvar c *cli.Context', 'c.String("url")'),
    "a flag of kingpin": ('"github.com/alecthomas/kingpin/v2"', 'var url = kingpin.Flag("url", "where").Default("http://localhost:8000").String()', "*url"),
}


@pytest.mark.parametrize(("module", "declared", "used"), FLAGS.values(), ids=FLAGS)
def test_flags_and_settings_of_go(module: str, declared: str, used: str, tmp_path: Path) -> None:
    text = f'package main\n\nimport (\n\t"os/exec"\n\n\t{module}\n)\n\n{declared}\n\nfunc start() {{\n\texec.Command("docker", "run", "-e", "API_URL="+{used}, "acme/app").Run()\n}}\n'
    [(image, env)] = launches(tmp_path, "a.go", text)
    assert image == "acme/app"
    assert "http://localhost:8000" in env["API_URL"]


RECORDS = {
    "fields by their order": 'type service struct {\n\tName, Image string\n\tEnv []string\n}\n\nvar one = []service{{"a", "acme/app", []string{"API_URL=http://localhost:8000"}}}[0]\n',
    "fields that are lent": 'type base struct{ Env []string }\n\ntype service struct {\n\tbase\n\tImage string\n}\n\nvar one = service{base: base{Env: []string{"API_URL=http://localhost:8000"}}, Image: "acme/app"}\n',
}


@pytest.mark.parametrize("declared", RECORDS.values(), ids=RECORDS)
def test_records_of_go(declared: str, tmp_path: Path) -> None:
    start = 'func start() {\n\targs := []string{"run"}\n\tfor _, e := range one.Env {\n\t\targs = append(args, "-e", e)\n\t}\n\texec.Command("docker", append(args, one.Image)...).Run()\n}\n'
    assert launches(tmp_path, "a.go", f'package main\n\nimport "os/exec"\n\n{declared}\n{start}') == STARTED


def test_a_function_that_a_name_is_given(tmp_path: Path) -> None:
    text = (
        'package main\n\nimport "os/exec"\n\nfunc start() {\n\trun := func(args ...string) error { return exec.Command("docker", args...).Run() }\n'
        '\trun("run", "-e", "API_URL=http://localhost:8000", "acme/app")\n}\n'
    )
    assert launches(tmp_path, "a.go", text) == STARTED


OPTIONS = {
    "argparse": (
        "a.py", "import argparse\nimport subprocess\n\np = argparse.ArgumentParser()\np.add_argument('-u', '--api-url', default='http://localhost:8000')\nargs = p.parse_args()\n"
        "subprocess.run(['docker', 'run', '-e', f'API_URL={args.api_url}', 'acme/app'])\n"),
    "argparse in a function": (
        "a.py", "import argparse\nimport subprocess\n\ndef parser():\n    p = argparse.ArgumentParser()\n    p.add_argument('--where', dest='url', default='http://localhost:8000')\n    return p\n\n"
        "def start(args):\n    subprocess.run(['docker', 'run', '-e', f'API_URL={args.url}', 'acme/app'])\n"),
    "commander": (
        "a.ts", "import { spawn } from 'child_process'\nimport { Command } from 'commander'\nconst program = new Command()\nprogram.option('-u, --api-url <url>', 'where', 'http://localhost:8000')\n"
        "program.parse()\nconst opts = program.opts()\nspawn('docker', ['run', '-e', `API_URL=${opts.apiUrl}`, 'acme/app'])\n"),
    "commander's action": (
        "a.ts", "import { spawn } from 'child_process'\nimport { program } from 'commander'\nprogram.command('up').option('--url <url>', 'where', 'http://localhost:8000').action((opts) => {\n"
        "  spawn('docker', ['run', '-e', `API_URL=${opts.url}`, 'acme/app'])\n})\n"),
    "yargs": (
        "a.ts", "import { spawn } from 'child_process'\nimport yargs from 'yargs'\nconst argv = yargs(process.argv).option('url', { type: 'string', default: 'http://localhost:8000' }).parseSync()\n"
        "spawn('docker', ['run', '-e', `API_URL=${argv.url}`, 'acme/app'])\n"),
    "yargs, all at once": (
        "a.js", "const { spawn } = require('child_process')\nconst argv = require('yargs').options({ url: { default: 'http://localhost:8000' } }).argv\n"
        "spawn('docker', ['run', '-e', `API_URL=${argv.url}`, 'acme/app'])\n"),
}


@pytest.mark.parametrize(("name", "text"), OPTIONS.values(), ids=OPTIONS)
def test_options_of_a_command_line(name: str, text: str, tmp_path: Path) -> None:
    [(image, env)] = launches(tmp_path, name, text)
    assert image == "acme/app"
    assert "http://localhost:8000" in env["API_URL"]


def test_an_option_of_another_name_says_nothing(tmp_path: Path) -> None:
    text = OPTIONS["argparse"][1].replace("args.api_url", "args.other")
    [(_, env)] = launches(tmp_path, "a.py", text)
    assert "localhost" not in env["API_URL"]


def test_a_member_of_an_enum_has_its_value(tmp_path: Path) -> None:
    text = 'import enum\nimport subprocess\n\nclass Where(str, enum.Enum):\n    API = "http://localhost:8000"\n\nsubprocess.run(["docker", "run", "-e", f"API_URL={Where.API.value}", "acme/app"])\n'
    assert launches(tmp_path, "a.py", text) == STARTED


WRITTEN = {
    "python": ("a.py", 'import pathlib\n\nURL = "http://localhost:8000"\npathlib.Path("run").write_text(f"""#!/bin/sh\ndocker run -e API_URL={URL} acme/app\n""")\n'),
    "go": ("a.go", 'package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\nfunc write() error {\n\treturn os.WriteFile("run", []byte(fmt.Sprintf("#!/bin/bash\\ndocker run -e API_URL=%s acme/app\\n", "http://localhost:8000")), 0o755)\n}\n'),
    "typescript": ("a.ts", "import fs from 'fs'\nconst url = 'http://localhost:8000'\nfs.writeFileSync('run', `#!/usr/bin/env bash\ndocker run -e API_URL=${url} acme/app\n`)\n"),
}


@pytest.mark.parametrize(("name", "text"), WRITTEN.values(), ids=WRITTEN)
def test_a_script_that_a_program_writes(name: str, text: str, tmp_path: Path) -> None:
    assert launches(tmp_path, name, text) == STARTED
    assert launches(tmp_path, name, text.replace("#!/", "# /")) == []


@pytest.mark.parametrize(("base", "meant"), [("opts", True), ("options", False)])
def test_an_option_that_another_file_declares(base: str, meant: bool, tmp_path: Path) -> None:
    (tmp_path / "cli.ts").write_text("import { program } from 'commander'\nprogram.option('--url <url>', 'where', 'http://localhost:8000')\n", "utf-8")
    text = f"import {{ spawn }} from 'child_process'\nexport function up({base}: any) {{\n  spawn('docker', ['run', '-e', `API_URL=${{{base}.url}}`, 'acme/app'])\n}}\n"
    [(_, env)] = launches(tmp_path, "a.ts", text)
    assert ("localhost" in env["API_URL"]) is meant
