"""The command line: what the user asks for, handed to the engine; what comes back, written out.

The one place that knows both the engine and the rules. What a command needs is imported when the command runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stigmer_lint import __version__
from stigmer_lint.errors import StigmerLintError, UsageError
from stigmer_lint.report import FORMATS, Format

if TYPE_CHECKING:
    from stigmer_lint.engine.discover import Files
    from stigmer_lint.engine.judge import Options
    from stigmer_lint.engine.outside import Outsider
    from stigmer_lint.model.launch import Platform
    from stigmer_lint.policy.types import LoadedPolicy
    from stigmer_lint.report.layout import Layout
    from stigmer_lint.report.types import Report
    from stigmer_lint.rule import RuleEntry

LAZY = {
    "init": ("stigmer_lint.drafting.cli:init", "Draft a policy from what the project launches and what its code reads."),
    "map": ("stigmer_lint.mapping.cli:map_", "Show launches, what they set, what is read inside and what they reach, as text, JSON, Mermaid or HTML."),
    "policy": ("stigmer_lint.policy.cli:policy", "Validate a policy, print its schema, explain its values."),
    "lsp": ("stigmer_lint.adapters.lsp:lsp", "Serve an editor over standard input and output: findings, their pages, suppressions."),
    "launch": ("stigmer_lint.launcher.cli:launch", "Start a container of the policy so that it reaches what it dials."),
    "up": ("stigmer_lint.stack.cli:up", "Start the policy's whole stack: host services, containers, and the proof that they work."),
    "down": ("stigmer_lint.stack.cli:down", "Stop what `up` has started."),
    "verify": ("stigmer_lint.verifier.cli:verify", "Probe running containers from inside, and say why what they dial fails."),
}
"""Commands that live elsewhere: name -> (module:attribute, the line that the help shows). Imported when they are asked for."""

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *LAZY}, key=lambda name: (name != "check", name))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in LAZY:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = LAZY[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [
            (name, LAZY[name][1] if name in LAZY else self.commands[name].get_short_help_str(80)) for name in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class CheckCommand(click.Command):
    """Remembers in which order --format and --output were given, so that they can be read as pairs."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta["stigmer_lint.order"] = [parameter.name for parameter in order if parameter.name in ("forms", "outputs")]
        return super().parse_args(ctx, args)


@click.group(cls=Commands, context_settings=_SETTINGS)
@click.version_option(__version__, "-V", "--version", prog_name="stigmer-lint", message="%(prog)s %(version)s")
def cli() -> None:
    """Find addresses and variables that fail once they are inside a container."""


def _codes(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


@cli.command(cls=CheckCommand)
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@click.option("--policy", "policy_file", metavar="FILE", help="Policy file, or builtin:NAME. Default: stigmer-lint.yaml, from PATHS upwards.")
@click.option("--no-policy", is_flag=True, help="Use no policy even where there is one.")
@click.option("--policy-rev", metavar="REV", help="Read the policy as it is in this revision, so that a change cannot judge itself.")
@click.option("--format", "forms", multiple=True, type=click.Choice(FORMATS), help="Format of the report; default text. May be repeated.")
@click.option("--output", "outputs", multiple=True, metavar="FILE", help="Where the report of the --format beside it goes; default standard output.")
@click.option("--select", multiple=True, callback=_codes, metavar="CODES", help="Only these rules: codes, names, prefixes (STG1) or ALL.")
@click.option("--ignore", multiple=True, callback=_codes, metavar="CODES", help="Not these rules.")
@click.option("--fail-on", type=click.Choice(["error", "warning", "note", "never"]), default="warning", show_default=True, help="Exit with 1 from this severity on.")
@click.option("--min-confidence", type=click.Choice(["high", "medium", "low"]), default="medium", show_default=True, help="Leave out less certain findings.")
@click.option("--platform", "platforms", multiple=True, type=click.Choice(["linux", "macos", "windows"]), help="Where the launching code runs; default the policy's. May be repeated.")
@click.option("--diff-base", metavar="REV", help="Only findings of which an end lies on a line changed since REV.")
@click.option("--baseline", metavar="FILE", help="Leave out the findings that FILE holds, and say which of them are gone.")
@click.option("--write-baseline", is_flag=True, help="Write what is found to the baseline (default stigmer-lint-baseline.json), and exit with 0.")
@click.option("--fix", "mend", is_flag=True, help="Write the safe fixes into the files; report what is left.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: also the fixes that rest on a guess.")
@click.option("--diff", "show_diff", is_flag=True, help="Print what --fix would change, change nothing, and exit with 1 if there is something.")
@click.option("--no-ignores", is_flag=True, help="Report what comments suppress as well.")
@click.option("--show-gaps", is_flag=True, help="List the launches that were not understood.")
@click.option("--strict", is_flag=True, help="Exit with 3 where a launch was not understood.")
@click.option("--stdin-filename", metavar="NAME", help="With - as PATHS: check standard input as if it were this file of the project.")
@click.option("--engine", "engine", type=click.Choice(["native", "all"]), default="native", show_default=True, help="all: with Semgrep also Java, Kotlin, C#, Ruby, Rust, PHP and the policy's idioms.")
@click.option("--jobs", type=click.IntRange(min=0), default=0, metavar="N", help="Processes to use; 0, the default: one per core where that pays.")
@click.option("--no-cache", is_flag=True, expose_value=False, help="Accepted for scripts; every run reads everything, there is no cache.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no remarks.")
@click.option("-v", "--verbose", is_flag=True, help="Also what was suppressed, with what confidence, and how long it took.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True, help="Colour the text formats.")
@click.pass_context
def check(
    ctx: click.Context,
    paths: tuple[str, ...],
    policy_file: str | None,
    no_policy: bool,
    policy_rev: str | None,
    forms: tuple[Format, ...],
    outputs: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str,
    min_confidence: str,
    platforms: tuple[Platform, ...],
    diff_base: str | None,
    baseline: str | None,
    write_baseline: bool,
    mend: bool,
    unsafe_fixes: bool,
    show_diff: bool,
    no_ignores: bool,
    show_gaps: bool,
    strict: bool,
    stdin_filename: str | None,
    engine: str,
    jobs: int,
    statistics: bool,
    quiet: bool,
    verbose: bool,
    color: str,
) -> None:
    """Check PATHS (files and folders; default: the current folder).

    The project around them is read as well, for what they refer to.

    \b
    Exit status:
      0  no finding at or above --fail-on
      1  findings
      2  usage, configuration or policy error
      3  something that should have been checked was not
    """
    import msgspec

    from stigmer_lint.engine.discover import find_root
    from stigmer_lint.engine.judge import Options
    from stigmer_lint.report.layout import Layout
    from stigmer_lint.report.progress import Progress

    targets = pair(ctx.meta["stigmer_lint.order"], forms, outputs)
    stdin = _standard_input(paths, stdin_filename)
    if (mend or show_diff) and write_baseline:
        raise UsageError("--write-baseline keeps findings and --fix mends them; run one after the other.")
    if unsafe_fixes and not (mend or show_diff):
        raise UsageError("--unsafe-fixes goes with --fix or --diff.")
    if mend and stdin is not None:
        raise UsageError("There is no file to write for standard input; --diff prints what would change.")
    asked = () if stdin is not None else paths or (".",)
    cwd = Path.cwd()
    root = find_root([stdin[0]] if stdin is not None else asked, cwd)
    entries = rule_entries()
    policy = policy_for(policy_file, no_policy, [stdin[0]] if stdin is not None else list(asked), root, entries, policy_rev)
    gate = _gate(root, diff_base, baseline, write_baseline) if diff_base or baseline or write_baseline else None
    options = msgspec.convert(
        {
            "select": select, "ignore": ignore, "fail_on": fail_on, "min_confidence": min_confidence, "platforms": platforms or None,
            "no_ignores": no_ignores, "strict": strict,
        },
        Options,
    )  # fmt: skip
    outside: Outsider | None = None
    if engine == "all":
        from stigmer_lint.adapters.semgrep import find

        outside = find
    layout = Layout(color=_color(color), verbose=verbose, quiet=quiet, show_gaps=show_gaps, statistics=statistics)
    with Progress(not quiet) as progress:
        from stigmer_lint.engine.discover import Files
        from stigmer_lint.engine.run import survey

        def look(changed: Mapping[str, bytes]) -> tuple[Report, Files]:
            unsaved = [(str(root / path), data) for path, data in changed.items()]
            files = Files(root, asked, exclude=policy.policy.exclude, overlay=stdin, cwd=cwd, unsaved=unsaved)
            world, seen = survey(
                root, asked, policy=policy, rules=entries, platforms=options.platforms, options=options, stdin=stdin, cwd=cwd, stage=progress.stage, jobs=jobs,
                outside=outside, files=files,
            )  # fmt: skip
            if any(one.finding.remedy is not None for one in seen.findings):
                from stigmer_lint.fixes.render import attach

                attach(world, seen, files.source)
            return seen, files

        report, files = look({})
        if mend or show_diff:
            from stigmer_lint.fixes.mend import mend as carry_out

            report, diff = carry_out(report, files, look, gate, options, unsafe=unsafe_fixes, dry=show_diff)
            if show_diff:
                ctx.exit(_show_diff(diff, report, targets, layout))
        elif gate is not None:
            gate(report, options)
    _write(report, targets, layout)
    if write_baseline and not quiet:
        _tell_baseline(baseline)
    ctx.exit(report.status)


def pair(order: Sequence[str], forms: Sequence[Format], outputs: Sequence[str]) -> list[tuple[Format, str | None]]:
    """(format, file or None for standard output) from options in the order in which they were given: an --output belongs to the
    --format before it, or, where that has one or there is none, to the next. Raises UsageError for what cannot be paired."""
    pairs: list[tuple[Format, str | None]] = []
    waiting: str | None = None
    form, output = iter(forms), iter(outputs)
    for name in order:
        if name == "forms":
            pairs.append((next(form), waiting))
            waiting = None
        else:
            file = next(output)
            if pairs and pairs[-1][1] is None and waiting is None:
                pairs[-1] = (pairs[-1][0], file)
            elif waiting is None:
                waiting = file
            else:
                raise UsageError("Every --output needs a --format of its own.")
    if waiting is not None or not pairs:
        if pairs:
            raise UsageError("Every --output needs a --format of its own.")
        pairs.append(("text", waiting))
    if sum(1 for _, file in pairs if file in (None, "-")) > 1:
        raise UsageError("Only one format can go to standard output; give the others an --output.")
    return pairs


def _standard_input(paths: tuple[str, ...], name: str | None) -> tuple[str, bytes] | None:
    if "-" not in paths:
        if name is not None:
            raise UsageError("--stdin-filename goes with - as the only path.")
        return None
    if len(paths) > 1 or name is None:
        raise UsageError("To check standard input, give - as the only path and the file's name in the project with --stdin-filename.")
    return name, sys.stdin.buffer.read()


def rule_entries() -> tuple[RuleEntry, ...]:
    """Every rule there is, in code order."""
    from stigmer_rules import RULES

    return tuple(RULES)


def _gate(root: Path, diff_base: str | None, baseline: str | None, write: bool) -> Callable[[Report, Options], None]:
    """What leaves out of a report what is not new, and writes the baseline. What can be wrong with it is told before the run."""
    from stigmer_lint.engine import baseline as baselines
    from stigmer_lint.engine.judge import exit_status
    from stigmer_lint.revisions import Revision, only_new

    if write and diff_base is not None:
        raise UsageError("--write-baseline writes all findings of a project, so it does not go with --diff-base.")
    revision = Revision(root, diff_base, merged=True) if diff_base is not None else None
    known = baselines.read(Path(baseline)) if baseline is not None and not write else None

    def narrow(report: Report, options: Options) -> None:
        if write:
            file = Path(baseline or baselines.FILE_NAME)
            try:
                file.write_bytes(baselines.written(report))
            except OSError as error:
                raise UsageError(f"{file} cannot be written: {error.strerror}.") from error
            known_now = baselines.read(file)
            baselines.apply(report, known_now, str(file))
        if known is not None:
            baselines.apply(report, known, str(baseline), report.selected)
        if revision is not None:
            only_new(report, revision)
        report.status = exit_status(report, options)

    return narrow


def _tell_baseline(named: str | None) -> None:
    """Say what has been written, and where."""
    from stigmer_lint.engine import baseline as baselines
    from stigmer_lint.report.escape import plain
    from stigmer_lint.report.summary import plural

    file = Path(named or baselines.FILE_NAME)
    click.echo(f"baseline: {plain(str(file))} holds {plural(len(baselines.read(file).findings), 'finding')}", err=True)


def _show_diff(diff: bytes, report: Report, targets: Sequence[tuple[Format, str | None]], layout: Layout) -> int:
    """Print a diff and say how much it mends; the exit status."""
    from stigmer_lint.report.escape import plain
    from stigmer_lint.report.summary import plural, taken_back

    if sys.stdout.isatty():
        # A terminal must not be spoken to by the files of a tree.
        _out("".join(f"{plain(line)}\n" for line in diff.decode("utf-8", "replace").split("\n")[:-1]))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(diff)
        sys.stdout.buffer.flush()
    _write(report, [(form, file) for form, file in targets if file not in (None, "-")], layout)
    if not layout.quiet and report.mended is not None:
        more, refused = report.fixable("unsafe"), dict(report.mended.refused)
        for one in report.findings if layout.verbose else ():
            if one.fingerprint in refused:
                source = report.sources.get(one.finding.span.path)
                line = f":{source.line_of(one.finding.span.start)}" if source is not None else ""
                click.echo(f"{plain(one.finding.span.path)}{line}: {one.rule.code} not fixed: {plain(refused[one.fingerprint])}", err=True)
        click.echo(f"{plural(report.mended.fixed, 'finding')} would be fixed{taken_back(report, layout)}" + (f"; {more} more with --unsafe-fixes" if more else ""), err=True)
    return 3 if report.errors else 1 if diff else 0


def policy_for(file: str | None, none: bool, paths: list[str], root: Path, entries: Sequence[RuleEntry], revision: str | None = None) -> LoadedPolicy:
    """The policy that the command line asks for, else the nearest one above `paths`."""
    from stigmer_lint.policy.find import find_policy
    from stigmer_lint.policy.types import NO_POLICY

    if none:
        if file is not None or revision is not None:
            raise UsageError(f"{'--policy' if file is not None else '--policy-rev'} and --no-policy exclude each other.")
        return NO_POLICY
    if revision is not None and not (file or "").startswith("builtin:"):
        from stigmer_lint.policy.load import load_policy_at
        from stigmer_lint.revisions import Revision

        top = root.resolve()
        shared = Path(os.path.commonpath([os.path.realpath(path) for path in paths]))
        start = os.path.relpath(shared if shared.is_dir() else shared.parent, top).replace(os.sep, "/")
        given = os.path.relpath(Path(file).resolve(), top).replace(os.sep, "/") if file is not None else None
        if given is not None and given.startswith("../"):
            raise UsageError(f"{file} lies outside the project, so no revision of it holds it.")
        return load_policy_at(given, start, Revision(root, revision).read, revision, rules={entry.rule.code: entry.rule.name for entry in entries})
    if file is None:
        common = Path(os.path.commonpath([os.path.realpath(path) for path in paths]))
        found = find_policy(common, root)
        if found is None:
            return NO_POLICY
        file = str(found)
    from stigmer_lint.policy.load import load_policy

    return load_policy(file, root, rules={entry.rule.code: entry.rule.name for entry in entries})


def _color(choice: str) -> bool:
    if choice == "auto":
        # https://no-color.org: present and not empty.
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return choice == "always"


def _write(report: Report, targets: Sequence[tuple[Format, str | None]], layout: Layout) -> None:
    from msgspec.structs import replace

    from stigmer_lint.report import render
    from stigmer_lint.report.summary import coverage

    for form, file in targets:
        if file in (None, "-"):
            _out(render(report, form, layout))
            continue
        text = render(report, form, replace(layout, color=False))
        try:
            Path(str(file)).write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}.") from error
    if not layout.quiet and all(file not in (None, "-") for _, file in targets):
        click.echo(coverage(report, layout), err=True)


def _out(text: str) -> None:
    """Write to standard output whatever its encoding is."""
    sys.stdout.write(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace").decode(sys.stdout.encoding or "utf-8"))


@cli.command()
@click.argument("rule", metavar="CODE_OR_NAME")
def explain(rule: str) -> None:
    """Print the page of a rule: what it finds, why it hurts, what to do."""
    entry = _find(rule)
    from importlib.resources import files

    package, _, module = entry.module.rpartition(".")
    _out(files(package or "stigmer_rules").joinpath(f"{module}.md").read_text(encoding="utf-8"))


@cli.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format of the list.")
def rules(form: str) -> None:
    """List the rules."""
    entries = sorted(rule_entries(), key=lambda entry: entry.rule.code)
    if form == "json":
        import json

        import msgspec

        _out(json.dumps([msgspec.to_builtins(entry.rule) for entry in entries], indent=1) + "\n")
        return
    width = max((len(entry.rule.name) for entry in entries), default=0)
    for entry in entries:
        rule = entry.rule
        off = "" if rule.default else " (off by default)"
        _out(f"{rule.code}  {rule.severity:7}  {rule.name.ljust(width)}  {rule.summary}{off}\n")


def _find(text: str) -> RuleEntry:
    entries = rule_entries()
    for entry in entries:
        if text.upper() == entry.rule.code or text.lower() == entry.rule.name:
            return entry
    import difflib

    close = difflib.get_close_matches(text.lower(), [entry.rule.name for entry in entries], n=1)
    raise UsageError(f"There is no rule {text}{f'; the nearest is {close[0]}' if close else '; `stigmer-lint rules` lists them'}.")


def run(arguments: Sequence[str]) -> int:
    """Run one command line and say how it went. The only place that turns exceptions into an exit status."""
    try:
        status = cli.main(list(arguments), prog_name="stigmer-lint", standalone_mode=False)
        # A language server has closed it at the end of its session.
        if not sys.stdout.closed:
            sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return 2
    except click.Abort:
        return 130
    except StigmerLintError as error:
        from stigmer_lint.report.escape import plain

        click.echo("\n".join(f"stigmer-lint: {plain(line)}" for line in str(error).splitlines()), err=True)
        return 2
    except BrokenPipeError:
        # The reader went away (`| head`). Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except KeyboardInterrupt:
        return 130
    return status if isinstance(status, int) else 0
