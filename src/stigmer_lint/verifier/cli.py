"""The command `verify`."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from stigmer_lint.verifier.present import Format
    from stigmer_lint.verifier.types import Way


@click.command()
@click.argument("containers", nargs=-1, metavar="[CONTAINER]...")
@click.option("--policy", "policy_file", metavar="FILE", help="Policy file, or builtin:NAME. Default: stigmer-lint.yaml, from the current folder upwards.")
@click.option("--no-policy", is_flag=True, help="Use no policy even where there is one.")
@click.option("--engine", metavar="PROGRAM", help="Command line of the engine: docker, podman, nerdctl. Default: the first that answers.")
@click.option("--prober", "way", type=click.Choice(["auto", "setns", "helper", "exec"]), default="auto", show_default=True, help="How to get into a container's network namespace.")
@click.option("--helper-image", metavar="IMAGE", help="Image for the helper container, with python3 in it; default: one made on the spot.")
@click.option("--timeout", type=click.FloatRange(4.0, 60.0), default=4.5, show_default=True, metavar="SECONDS", help="How long a connection may take.")
@click.option("--source", type=click.Path(exists=True, file_okay=False), metavar="DIR", help="Tree that the containers were started from; default: the policy's folder.")
@click.option("--no-source", is_flag=True, help="Do not look for the code that started the containers.")
@click.option("--no-smoke", is_flag=True, help="Leave the policy's smoke commands out.")
@click.option("--format", "form", type=click.Choice(["text", "json", "junit", "sarif"]), default="text", show_default=True, help="Format of the result.")
@click.option("--output", metavar="FILE", help="Where the result goes; default standard output.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.option("-v", "--verbose", is_flag=True, help="Also what passed without a remark.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True, help="Colour the text.")
@click.pass_context
def verify(
    ctx: click.Context, containers: tuple[str, ...], policy_file: str | None, no_policy: bool, engine: str | None, way: Literal["auto", "setns", "helper", "exec"],
    helper_image: str | None, timeout: float, source: str | None, no_source: bool, no_smoke: bool, form: Format, output: str | None, quiet: bool, verbose: bool,
    color: str,
) -> None:  # fmt: skip
    """Probe running containers from inside, and say why what they dial fails.

    CONTAINER is a name, an id or a key of the policy; default: the policy's containers, without a policy every one that runs. Nothing
    in the containers is changed, and nothing is left behind.

    \b
    Exit status:
      0  every check passed
      1  a check failed
      2  usage or policy error, or no engine answers
      3  something could not be told
    """
    from stigmer_lint.cli import rule_entries
    from stigmer_lint.report.layout import Layout
    from stigmer_lint.report.progress import Progress
    from stigmer_lint.verifier.present import present, summary
    from stigmer_lint.verifier.probing import Limits
    from stigmer_lint.verifier.verify import Request
    from stigmer_lint.verifier.verify import verify as run

    interruptible()
    entries = rule_entries()
    policy, root = load(policy_file, no_policy, {entry.rule.code: entry.rule.name for entry in entries})
    tree = None if no_source else Path(source) if source else root if policy.origin and not policy.origin.startswith("builtin:") else None
    chosen: Way | None = None if way == "auto" else way
    request = Request(names=containers, engine=engine, way=chosen, image=helper_image, limits=Limits(connect=timeout), source=tree, smoke=not no_smoke)
    with Progress(not quiet) as progress:
        result = run(request, policy, entries, stage=progress.stage)
    layout = Layout(color=colored(color) and output is None, verbose=verbose, quiet=quiet)
    write(present(result, form, layout), output)
    if output is not None and not quiet:
        click.echo(summary(result), err=True)
    ctx.exit(result.status)


def interruptible() -> None:
    """Let SIGTERM, and the end of the terminal, end the run as Ctrl-C does, so that what was made is removed."""
    numbers = [signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ())]

    def stop(number: int, frame: Any) -> None:
        for one in numbers:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    for one in numbers:
        # Under nohup the end of the terminal is to be ignored, and stays so.
        if signal.getsignal(one) is not signal.SIG_IGN:
            signal.signal(one, stop)


def load(policy_file: str | None, no_policy: bool, rules: dict[str, str]) -> tuple[Any, Path]:
    """The policy that applies in the current folder, and the root of its tree. Raises UsageError and PolicyError."""
    from stigmer_lint.engine.discover import find_root
    from stigmer_lint.errors import UsageError
    from stigmer_lint.policy.load import NO_POLICY, find_policy, load_policy

    here = Path.cwd()
    root = find_root(["."], here)
    if no_policy:
        if policy_file is not None:
            raise UsageError("--policy and --no-policy exclude each other.")
        return NO_POLICY, root
    if policy_file is None:
        found = find_policy(here, root)
        if found is None:
            return NO_POLICY, root
        policy_file = str(found)
    return load_policy(policy_file, root, rules=rules), root


def colored(choice: str) -> bool:
    """Whether standard output gets colours."""
    import os
    import sys

    if choice == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return choice == "always"


def write(text: str, output: str | None) -> None:
    """To standard output whatever its encoding is, or to a file. Raises UsageError."""
    import sys

    from stigmer_lint.errors import UsageError

    if output in (None, "-"):
        sys.stdout.write(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace").decode(sys.stdout.encoding or "utf-8"))
        return
    try:
        Path(str(output)).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}.") from error


__all__ = ["verify"]
