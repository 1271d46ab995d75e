"""The command `map`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from stigmer_lint.mapping.types import Map
    from stigmer_lint.model.launch import Platform

FORMS = ("text", "json", "mermaid", "html")


@click.command("map")
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@click.option("--format", "form", type=click.Choice(FORMS), default="text", show_default=True, help="Format of the map.")
@click.option("--output", metavar="FILE", help="Where it goes; default standard output.")
@click.option("--policy", "policy_file", metavar="FILE", help="Policy file, or builtin:NAME. Default: stigmer-lint.yaml, from PATHS upwards.")
@click.option("--no-policy", is_flag=True, help="Use no policy even where there is one.")
@click.option("--platform", "platforms", multiple=True, type=click.Choice(["linux", "macos", "windows"]), help="Where the launching code runs; default the policy's. May be repeated.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def map_(
    paths: tuple[str, ...], form: str, output: str | None, policy_file: str | None, no_policy: bool, platforms: tuple[Platform, ...], quiet: bool
) -> None:
    """Show what PATHS (default: the current folder) launch: what each launch sets, what the code inside reads, what it reaches, what is wrong.

    Secret values are masked in every format.
    """
    from stigmer_lint.cli import policy_for, rule_entries
    from stigmer_lint.engine.discover import Files, find_root
    from stigmer_lint.engine.run import survey
    from stigmer_lint.errors import UsageError
    from stigmer_lint.mapping.build import drawn
    from stigmer_lint.report.progress import Progress

    cwd = Path.cwd()
    asked = paths or (".",)
    root = find_root(asked, cwd)
    entries = rule_entries()
    policy = policy_for(policy_file, no_policy, list(asked), root, entries)
    with Progress(not quiet) as progress:
        files = Files(root, asked, exclude=policy.policy.exclude, cwd=cwd)
        world, report = survey(root, asked, policy=policy, rules=entries, platforms=platforms or None, cwd=cwd, stage=progress.stage, files=files, jobs=0)
    text = rendered(drawn(world, report, policy.policy, files.source), form)
    if output in (None, "-"):
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        return
    try:
        Path(str(output)).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}.") from error


def rendered(chart: Map, form: str) -> str:
    """The map in one of `FORMS`."""
    if form == "json":
        from stigmer_lint.mapping.json import render
    elif form == "mermaid":
        from stigmer_lint.mapping.mermaid import render
    elif form == "html":
        from stigmer_lint.mapping.html import render
    else:
        from stigmer_lint.mapping.text import render
    return render(chart)
