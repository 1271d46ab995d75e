"""The commands `up` and `down`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from stigmer_lint.policy.types import LoadedPolicy
    from stigmer_lint.stack.ledger import Ledger
    from stigmer_lint.stack.up import Raised


@click.command()
@click.option("--policy", "policy_file", metavar="FILE", help="Policy file, or builtin:NAME. Default: stigmer-lint.yaml, from the current folder upwards.")
@click.option("--logs", "logs", metavar="NAME", help="Print the log of a service or a container that was started, and start nothing.")
@click.option("--embedded", is_flag=True, help="Put a small server of ours in the place of a service that has no `start`, or whose program is not installed.")
@click.option("--services", "only_services", is_flag=True, help="Start the services of the host and no container.")
@click.option("--engine", metavar="PROGRAM", help="Command line of the engine: docker, podman, nerdctl. Default: the first that answers.")
@click.option("-e", "--env", "env", multiple=True, metavar="NAME[=VALUE]", help="Value for the containers that wins over the policy's; a name alone takes it from here. May be repeated.")
@click.option("--network", metavar="NAME", help="Network for the containers instead of the policy's: auto, bridge, host or a name.")
@click.option("--workspace", type=click.Path(file_okay=False), metavar="DIR", help="Folder for {workspace}; default the current one.")
@click.option("--within", type=click.FloatRange(1.0, 3600.0), default=60.0, show_default=True, metavar="SECONDS", help="How long each part may take until it is well.")
@click.option("--no-smoke", is_flag=True, help="Leave the policy's smoke commands out.")
@click.option("--keep", is_flag=True, help="Leave what was started there where a part does not come up.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.pass_context
def up(
    ctx: click.Context, policy_file: str | None, logs: str | None, embedded: bool, only_services: bool, engine: str | None, env: tuple[str, ...],
    network: str | None, workspace: str | None, within: float, no_smoke: bool, keep: bool, quiet: bool,
) -> None:  # fmt: skip
    """Start the policy's whole stack: its services on this host, its containers, and show that they work together.

    What answers already is left alone. Where a part does not come up, or on Ctrl-C, what was started is stopped again. It is
    written down in .stigmer-lint beside the policy; `down` stops it.

    \b
    Exit status:
      0  everything is up, and reaches what it dials
      1  the rules refuse a launch or have findings, or a part did not come up
      2  usage or policy error, or no engine answers
      3  everything is up, and something could not be told
    """
    from stigmer_lint.cli import rule_entries
    from stigmer_lint.errors import EngineError, UsageError
    from stigmer_lint.launcher.cli import caller_of, refusal
    from stigmer_lint.launcher.plan import Ground
    from stigmer_lint.stack.interrupt import Interruption
    from stigmer_lint.stack.ledger import Ledger
    from stigmer_lint.stack.up import order_of, raise_stack
    from stigmer_lint.verifier.engine import find_daemon
    from stigmer_lint.verifier.system import Machine
    from stigmer_lint.verifier.types import Daemon

    if sys.platform == "win32":
        raise UsageError("up and down start and stop processes as Linux and macOS do; on Windows, run them in WSL.")
    entries = rule_entries()
    policy, folder, root = _policy(policy_file, {entry.rule.code: entry.rule.name for entry in entries})
    ledger = Ledger(folder)
    if logs is not None:
        ctx.exit(_logs(ledger, logs))
    interruption = Interruption()
    interruption.listen()
    machine = Machine()
    try:
        daemon = find_daemon(machine, engine)
    except EngineError:
        if policy.policy.containers and not only_services:
            raise
        # Services of the host need no engine; what it would be is only asked for addresses inside containers.
        daemon = Daemon("docker", "docker", "docker-engine" if machine.platform == "linux" else "docker-desktop", "", machine.platform)
    ground = Ground(daemon.program, daemon.engine, daemon.kind, daemon.platform, daemon.version)
    source = root if policy.origin and not policy.origin.startswith("builtin:") else None
    order = order_of(
        policy, ground, caller_of(env, (), workspace, None, network), entries, folder=folder, containers=not only_services, within=within, embedded=embedded, keep=keep,
        smoke=not no_smoke, source=source,
    )  # fmt: skip
    refused = [one for one in order.plans if one.refused]
    for one in refused:
        refusal(one)
    if refused:
        ctx.exit(1)
    timeline = Timeline(quiet, embedded, (*(key for key, _, _ in order.services), *(one.name for one in order.plans)))
    result = raise_stack(order, policy, entries, daemon, ledger, system=machine, interruption=interruption, tell=timeline.tell)
    ctx.exit(_told(result, timeline, ledger, quiet))


@click.command()
@click.option("--policy", "policy_file", metavar="FILE", help="Policy file, or builtin:NAME. Default: stigmer-lint.yaml, from the current folder upwards.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.pass_context
def down(ctx: click.Context, policy_file: str | None, quiet: bool) -> None:
    """Stop what `up` has started, in reverse: its containers, then its services with all their processes, and nothing else.

    \b
    Exit status:
      0  nothing of it is left
      1  something could not be stopped
      2  usage or policy error
    """
    from stigmer_lint.cli import rule_entries
    from stigmer_lint.errors import UsageError
    from stigmer_lint.stack.down import take_down
    from stigmer_lint.stack.ledger import Ledger
    from stigmer_lint.verifier.system import Machine

    if sys.platform == "win32":
        raise UsageError("up and down start and stop processes as Linux and macOS do; on Windows, run them in WSL.")
    _, folder, _ = _policy(policy_file, {entry.rule.code: entry.rule.name for entry in rule_entries()})
    ledger = Ledger(folder)
    timeline = Timeline(quiet, any(one.embedded for one in ledger.state.services), (*(one.name for one in ledger.state.services), *(one.name for one in ledger.state.containers)))
    result = take_down(ledger, system=Machine(), tell=timeline.tell)
    if result.left:
        click.echo(f"left: {', '.join(_plain(name) for name in result.left)}; see {_plain(str(ledger.file))}", err=True)
        ctx.exit(1)
    timeline.last(f"{len(result.stopped)} stopped ({result.seconds:.1f} s)" if result.stopped else "nothing is up")


class Timeline:
    """Lines of `up` and `down` on standard output, with the seconds since the beginning. `embedded`: every line says so."""

    def __init__(self, quiet: bool, embedded: bool, names: Iterable[str] = ()) -> None:
        self._quiet = quiet
        self._width = max((len(_plain(name)) for name in ("verify", *names)), default=0)
        self.head = "embedded  " if embedded else ""
        self._began = time.monotonic()

    def tell(self, subject: str, text: str) -> None:
        """One thing that happened."""
        if not self._quiet:
            click.echo(f"{self.head}{time.monotonic() - self._began:6.1f} s  {_plain(subject).ljust(self._width) } {_plain(text)}".rstrip())

    def last(self, text: str) -> None:
        """The line that ends it."""
        if not self._quiet:
            click.echo(f"{self.head}{_plain(text)}")


def _told(result: Raised, timeline: Timeline, ledger: Ledger, quiet: bool) -> int:
    from stigmer_lint.report.layout import Layout
    from stigmer_lint.verifier.cli import colored
    from stigmer_lint.verifier.present import present

    shown = ""
    if result.verification is not None:
        shown = present(result.verification, "text", Layout(color=colored("auto") and not result.why))
        shown = "".join(f"{timeline.head}{line}".rstrip() + "\n" for line in shown.splitlines())
    if not result.why:
        if shown and not quiet:
            sys.stdout.write(shown)
        timeline.last(f"everything is up ({result.seconds:.1f} s)" if result.fresh else f"everything is up already; nothing was started ({result.seconds:.1f} s)")
        return result.status
    for line in result.log:
        click.echo(f"{timeline.head}  | {_plain(line)}", err=True)
    if shown:
        click.echo(shown, err=True, nl=False)
    after = f"; what was started is stopped again{', but for ' + ', '.join(result.left) if result.left else ''}" if result.taken_back else ""
    kept = f"; see {ledger.folder}, and stop it with `stigmer-lint down`" if not result.taken_back and not ledger.state.empty else ""
    click.echo(f"{timeline.head}not up: {_plain(result.why)}{_plain(after)}{_plain(kept)}", err=True)
    return 1


def _logs(ledger: Ledger, name: str) -> int:
    """Print what a service or a container has written, secrets masked. Raises UsageError for a name that nothing has."""
    from stigmer_lint.errors import UsageError
    from stigmer_lint.knowledge.secrets import mask
    from stigmer_lint.report.escape import joined, plain
    from stigmer_lint.verifier.engine import PROGRAMS
    from stigmer_lint.verifier.system import Machine

    container = next((one for one in ledger.state.containers if name in (one.key, one.name)), None)
    if container is not None and container.program in PROGRAMS:
        output = Machine().run([container.program, "logs", container.id or container.name])
        data = output.stdout + output.stderr
    else:
        try:
            data = ledger.log(name).read_bytes()
        except OSError as error:
            known = sorted({*(one.name for one in ledger.state.services), *(one.key for one in ledger.state.containers), *(path.stem for path in ledger.folder.glob("logs/*.log"))})
            raise UsageError(f"There is no log of {name}; {'there is one of ' + ', '.join(known) if known else 'nothing was started here'}.") from error
    if data:
        click.echo(joined(plain(mask("", line)) for line in data.decode("utf-8", "replace").splitlines()), nl=False)
    return 0


def _policy(policy_file: str | None, rules: dict[str, str]) -> tuple[LoadedPolicy, Path, Path]:
    """The policy, the folder that it stands in (the current one for a shipped policy), and the root of its tree. Raises UsageError."""
    from stigmer_lint.errors import UsageError
    from stigmer_lint.verifier.cli import load

    found: Any
    found, root = load(policy_file, False, rules)
    policy: LoadedPolicy = found
    if not policy.origin:
        raise UsageError("This needs a policy: a stigmer-lint.yaml here or above, or --policy.")
    if policy.origin.startswith("builtin:"):
        return policy, Path.cwd(), root
    file = Path(policy_file) if policy_file is not None else root / policy.origin
    return policy, file.resolve().parent, root


def _plain(text: str) -> str:
    from stigmer_lint.report.escape import plain

    return plain(text)


__all__ = ["Timeline", "down", "up"]
