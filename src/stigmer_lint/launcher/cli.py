"""The command `launch`."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from stigmer_lint.launcher.plan import Caller, Ground, Plan
    from stigmer_lint.launcher.start import Started
    from stigmer_lint.model.launch import Platform
    from stigmer_lint.policy.types import LoadedPolicy
    from stigmer_lint.rule import RuleEntry


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("container")
@click.argument("engine_args", nargs=-1, type=click.UNPROCESSED, metavar="[-- ENGINE_ARGS]...")
@click.option("--policy", "policy_file", metavar="FILE", help="Policy file, or builtin:NAME. Default: stigmer-lint.yaml, from the current folder upwards.")
@click.option("--engine", metavar="PROGRAM", help="Command line of the engine: docker, podman, nerdctl. Default: the first that answers.")
@click.option("-e", "--env", "env", multiple=True, metavar="NAME[=VALUE]", help="Value that wins over the policy's; a name alone takes it from here. May be repeated.")
@click.option("--image", metavar="IMAGE", help="Image instead of the policy's.")
@click.option("--network", metavar="NAME", help="Network instead of the policy's: auto, bridge, host or a name.")
@click.option("--workspace", type=click.Path(file_okay=False), metavar="DIR", help="Folder for {workspace}; default the current one.")
@click.option("--replace", is_flag=True, help="Remove a container of the same name even if this program did not start it.")
@click.option("--within", type=click.FloatRange(1.0, 3600.0), default=60.0, show_default=True, metavar="SECONDS", help="How long it may take until everything is reached.")
@click.option("--no-verify", is_flag=True, help="Do not probe what the container dials.")
@click.option("--keep", is_flag=True, help="Leave the container there where it does not come up.")
@click.option("--dry-run", is_flag=True, help="Print the command line and start nothing.")
@click.option("--platform", "platforms", multiple=True, type=click.Choice(["linux", "macos", "windows"]), help="With --dry-run: for the usual engine of that platform. May be repeated.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.pass_context
def launch(
    ctx: click.Context, container: str, engine_args: tuple[str, ...], policy_file: str | None, engine: str | None, env: tuple[str, ...], image: str | None, network: str | None,
    workspace: str | None, replace: bool, within: float, no_verify: bool, keep: bool, dry_run: bool, platforms: tuple[Platform, ...], quiet: bool,
) -> None:  # fmt: skip
    """Start CONTAINER of the policy so that it reaches what it dials on this engine, and show that it does.

    What stands after -- is handed to the engine as it is, in front of the image.

    \b
    Exit status:
      0  it runs, and reaches everything
      1  the rules refuse the launch, or it did not come up
      2  usage or policy error, or no engine answers
      3  it runs, and something could not be told
    """
    from stigmer_lint.cli import rule_entries
    from stigmer_lint.errors import UsageError
    from stigmer_lint.launcher.plan import Ground, ground_of, plan
    from stigmer_lint.launcher.start import Demand, start
    from stigmer_lint.verifier.cli import interruptible, load
    from stigmer_lint.verifier.engine import find_daemon
    from stigmer_lint.verifier.system import Machine

    interruptible()
    entries = rule_entries()
    policy, _ = load(policy_file, False, {entry.rule.code: entry.rule.name for entry in entries})
    if not policy.policy.containers:
        raise UsageError("launch needs a policy that describes the container: a stigmer-lint.yaml here or above, or --policy.")
    if platforms and not dry_run:
        raise UsageError("--platform goes with --dry-run.")
    caller = caller_of(env, engine_args, workspace, image, network)
    if dry_run and platforms:
        words = {"docker": ground_of("linux", "docker"), "podman": ground_of("linux", "podman"), "nerdctl": ground_of("linux", "nerdctl")}
        base = words.get(engine or "docker")
        if base is None:
            raise UsageError(f"{engine} is not known; expected docker, podman or nerdctl.")
        grounds = [ground_of(platform, base.engine) for platform in platforms]
        refused = [_show(plan(policy, container, ground, caller, entries), policy, entries, len(grounds) > 1) for ground in grounds]
        ctx.exit(1 if any(refused) else 0)
    machine = Machine()
    daemon = find_daemon(machine, engine)
    ground = Ground(daemon.program, daemon.engine, daemon.kind, daemon.platform, daemon.version)
    made = plan(policy, container, ground, caller, entries)
    if dry_run:
        ctx.exit(1 if _show(made, policy, entries, False) else 0)
    if made.refused:
        refusal(made)
        ctx.exit(1)
    if not quiet:
        _configured(made)
    say = (lambda _: None) if quiet else _say
    result = start(made, policy, entries, Demand(replace=replace, within=within, verify=not no_verify, keep=keep), system=machine, say=say)
    ctx.exit(_told(result, quiet))


def caller_of(env: tuple[str, ...], engine_args: tuple[str, ...], workspace: str | None, image: str | None, network: str | None) -> Caller:
    """What the command line gives. Raises UsageError for a variable that is to be taken from here and is not there."""
    from stigmer_lint.errors import UsageError
    from stigmer_lint.launcher.plan import Caller

    values = {}
    for text in env:
        name, equals, value = text.partition("=")
        if not equals and name not in os.environ:
            raise UsageError(f"-e {name}: there is no variable {name} here.")
        values[name] = value if equals else os.environ[name]
    return Caller(values, engine_args, str(Path(workspace or ".").resolve()), image, dict(os.environ), network)


def _show(made: Plan, policy: LoadedPolicy, entries: tuple[RuleEntry, ...], labelled: bool) -> bool:
    """Print the command line of a plan; whether the rules refuse it."""
    from stigmer_lint.knowledge.secrets import mask
    from stigmer_lint.report.escape import plain

    if labelled:
        sys.stdout.write(f"# {made.ground.platform} ({made.ground.kind})\n")
    sys.stdout.write(plain(shlex.join(mask("", word) for word in made.argv)) + "\n")
    for note in made.notes:
        click.echo(plain(f"note: {note}"), err=True)
    if made.refused:
        refusal(made)
    return made.refused


def refusal(made: Plan) -> None:
    """Say that the rules reject a plan, and why."""
    from stigmer_lint.knowledge.secrets import mask
    from stigmer_lint.report.escape import paragraph

    click.echo(f"refused: the rules reject this launch of {made.name} on {made.ground.kind}", err=True)
    for one in made.report.findings:
        if one.severity == "error":
            click.echo(f"  {one.rule.code} {one.rule.name}: {paragraph(mask('', one.finding.message))}", err=True)
            if one.finding.help:
                click.echo(f"     fix: {paragraph(one.finding.help)}", err=True)


def _configured(made: Plan) -> None:
    from stigmer_lint.launcher.plan import shown_env
    from stigmer_lint.report.escape import plain

    ground: Ground = made.ground
    hosts = made.launch.any.hosts
    mapped = ", ".join(f"{getattr(one.host, 'text', '')}={getattr(one.address, 'text', '')}" for one in hosts)
    click.echo(plain(f"{made.name} on {ground.program} ({ground.kind}), network {made.network}{'; ' + mapped if mapped else ''}"))
    carried = {name: service for service, name, _ in made.addresses}
    for name, value in shown_env(made):
        click.echo(plain(f"  {name}={value}{'  [' + carried[name] + ']' if name in carried else ''}"))
    for note in made.notes:
        click.echo(plain(f"  note: {note}"))
    for one in made.report.findings:
        click.echo(plain(f"  {one.severity}: {one.rule.code} {one.finding.message}"))


def _say(text: str) -> None:
    from stigmer_lint.report.escape import plain

    click.echo(plain(text), err=True)


def _told(result: Started, quiet: bool) -> int:
    from stigmer_lint.report.escape import plain
    from stigmer_lint.report.layout import Layout
    from stigmer_lint.verifier.cli import colored
    from stigmer_lint.verifier.present import present

    verification = result.verification
    if result.ready:
        if verification is not None and not quiet:
            sys.stdout.write(present(verification, "text", Layout(color=colored("auto"))))
        if not quiet:
            click.echo(plain(f"{result.plan.name} is ready ({result.id[:12]}, {result.seconds:.1f} s)"))
        return 3 if verification is not None and verification.status == 3 else 0
    if result.log:
        click.echo(f"last lines of {plain(result.plan.name)}'s log:", err=True)
        for line in result.log:
            click.echo(f"  | {plain(line)}", err=True)
    if verification is not None:
        click.echo(present(verification, "text", Layout()), err=True, nl=False)
    click.echo(plain(f"{result.plan.name} did not come up: {result.why}{'; it was removed' if result.removed else ''}"), err=True)
    return 1


__all__ = ["caller_of", "launch", "refusal"]
