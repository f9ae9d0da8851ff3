"""The command line: the only module that prints or exits.

Exit status: 0 no findings, 1 findings (a file that does not parse is one), 2 wrong use, wrong configuration or an
internal error, 130 when interrupted.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import sys
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from initlint import __version__
from initlint._lazy import LazyModule
from initlint.cli import check_modes, options, trace_options
from initlint.cli.check_modes import CheckInput, Outcome
from initlint.cli.options import report_usage_errors
from initlint.cli.progress import Progress
from initlint.diagnostics import Applicability
from initlint.linter import pipeline
from initlint.linter.pipeline import Contents
from initlint.linter.results import CheckResult
from initlint.project.decoding import line_reader
from initlint.project.file_io import hard_linked, replace_all, write
from initlint.project.settings import Settings
from initlint.report import console, graph_comparison, rule_pages
from initlint.report import settings_listing as settings_report
from initlint.report import statistics as statistics_report
from initlint.report.console import profile_table
from initlint.report.diff import unified_diff
from initlint.report.formats import FOR_PEOPLE, render, shown_fixes
from initlint.report.formats import json as json_report
from initlint.report.model_list import list_models
from initlint.report.report import MAX_WIDTH, Report, in_order
from initlint.report.text import counted, escape, summary
from initlint.rules import all_rules

if TYPE_CHECKING:
    import shutil

    from initlint.linter.cache import cache_file
    from initlint.report import rules_table, trace_table
    from initlint.tracers import fx_run
    from initlint.tracers.fx import Mode
else:
    shutil = LazyModule("shutil")
    rules_table = LazyModule("initlint.report.rules_table")
    trace_table = LazyModule("initlint.report.trace_table")
    cache_file = LazyModule("initlint.linter.cache.cache_file")
    fx_run = LazyModule("initlint.tracers.fx_run")


def main() -> None:
    """The command `initlint`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name may not fit the terminal's encoding
    # Parsing makes millions of objects and few cycles. A collection for every 700 takes a third of the run time.
    gc.freeze()
    gc.set_threshold(500_000, 10, 10)
    try:
        status = cli.main(prog_name="initlint", standalone_mode=False)
    except click.Abort:
        status = 130
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    exit_now(status or 0)


def exit_now(status: int) -> NoReturn:
    """End the process at once: freeing all syntax trees takes a seventh of the run time."""
    # The reader of a pipe may have closed it, and the language server closes its standard output.
    with contextlib.suppress(BrokenPipeError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


@click.group("initlint", cls=options.CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
def cli() -> None:
    """Lint the weight initialization of PyTorch models."""


@cli.command(cls=options.CheckCommand, short_help="Report wrong weight initialization.")
@options.files
@options.rules
@options.fixing
@options.adopting
@options.reporting
@options.running
@trace_options.tracing
def check(watch: bool, **arguments: Any) -> None:
    """Report wrong weight initialization in PATHS (default: the current directory; `-`: standard input)."""
    if watch:
        watching = options.optional("initlint.cli.watch", "--watch", "watch")
        options.validate_watch(**arguments)
        lint = partial(check_once, **arguments, watching=True)
        watching.watch(lint, options.paths_or_default(arguments["paths"]), arguments["quiet"])
    click.get_current_context().exit(check_once(**arguments).status)


def check_once(
    paths: tuple[Path, ...],
    stdin_filename: Path | None,
    fix: bool,
    fix_only: bool,
    unsafe_fixes: bool,
    diff: bool,
    exit_non_zero_on_fix: bool,
    add_noqa: str | None,
    write_baseline: Path | None,
    exit_zero: bool,
    quiet: bool,
    verbose: bool,
    sort: str,
    statistics: str | None,
    output_file: Path | None,
    show_files: bool,
    show_settings: bool,
    profile: bool,
    trace: bool,
    watching: bool = False,
    **chosen: Any,
) -> Outcome:
    """Lint, and print the report. `watching`: in a format for people, whatever the settings say."""
    paths, contents = options.inputs(paths, stdin_filename)
    progress = Progress(quiet)
    run_options = replace(options.pop_run_options(chosen), progress=progress.report)
    limits = trace_options.limits_for(trace, chosen, contents)
    settings = options.settings_for(paths, **chosen)
    if show_files or show_settings:
        print_settings(paths, settings, contents, show_files, show_settings)
        return Outcome(0, settings)
    if watching and output_file is None:
        settings = readable(settings)
    inputs = CheckInput(paths, settings, contents, run_options)
    fixing, silent = fix or fix_only or diff, fix_only or diff
    changing = fixing or add_noqa is not None
    options.validate_options(output_file, write_baseline, add_noqa, silent, fix or fix_only)
    trace_options.validate_trace_options(limits is not None and (changing or write_baseline is not None))
    with progress:
        if limits is not None:
            result = trace_options.report_trace_errors(check_modes.run_trace_check, inputs, limits)
        elif write_baseline is not None:
            result = report_usage_errors(check_modes.run_write_baseline, inputs, write_baseline)
        elif add_noqa is not None:
            result = report_usage_errors(check_modes.run_add_noqa, inputs, add_noqa)
        elif fixing:
            result = report_usage_errors(check_modes.run_fix, inputs, unsafe_fixes)
        else:
            result = report_usage_errors(check_modes.run_check, inputs)
    failed = write_changes(result, paths, contents, diff) if changing else ()
    if failed:
        result = result.without_changes_in(
            failed, report_usage_errors(check_modes.run_check, CheckInput(paths, settings, {}))
        )
    fixed = 0 if add_noqa is not None else result.fixed_count
    if not silent:
        format_fixes = statistics_report.SHOWN_FIXES if statistics else shown_fixes(settings.output_format, quiet)
        summary_fixes = () if output_file is None or quiet else tuple(Applicability)
        fixes = {*format_fixes, *summary_fixes}
        ordered = replace(result, diagnostics=in_order(result.diagnostics, sort))
        report = check_modes.report_of(ordered, contents, fixed, fixes, run_options.cache, verbose)
        report = replace(report, width=80 if output_file else terminal_width())
        make = partial(statistics_report.render, by=statistics) if statistics else partial(render, quiet=quiet)
        text = report_usage_errors(make, settings.output_format, report)
        if output_file is not None:
            report_usage_errors(write, output_file, click.unstyle(text).encode("utf-8", "backslashreplace"))
            text = "" if quiet else summary(report.diagnostics, fixed)
        _echo(text, err=bool(contents and changing))  # standard output has the changed source
    if not quiet and not silent:
        _echo(console.changes_note(result, write_baseline, suppressing=add_noqa is not None), err=True)
    print_notes(result, settings, quiet, verbose)
    _echo(profile_table(result.timings) if profile else "", err=True)
    if result.failures or failed or result.errors:
        status = 2
    elif result.changed and (diff or exit_non_zero_on_fix):
        status = 1
    else:
        status = int(not silent and any(d.severity >= settings.fail_on for d in result.diagnostics))
    return Outcome(0 if exit_zero and status == 1 else status, settings, result)


def readable(settings: Settings) -> Settings:
    """`settings` with a format for people: a program that reads another one cannot tell one run from the next."""
    if settings.output_format in FOR_PEOPLE:
        return settings
    _echo(f"warning: --watch prints the format full, not {settings.output_format}\n", err=True)
    return replace(settings, output_format="full")


def print_settings(paths: tuple[Path, ...], settings: Settings, contents: Contents, files: bool, values: bool) -> None:
    if values:
        _echo(settings_report.listing(pipeline.with_codes(settings), all_rules()))
    if files:
        _echo(
            "".join(
                f"{escape(str(file))}\n"
                for file in report_usage_errors(pipeline.files, paths, settings, contents).values()
            )
        )


def write_changes(result: CheckResult, paths: tuple[Path, ...], contents: Contents, diff: bool) -> Collection[str]:
    """Write or print the changed files, and print errors. Returns the paths that could not be written."""
    failed: dict[Path, str] = {}
    if diff:
        for path, (old, new) in result.changed.items():
            _echo_source(unified_diff(path, old, new).encode("utf-8", "surrogateescape"))
    elif contents:
        for path, old in contents.items():
            _echo_source(result.changed.get(path, (old, old))[1])
    else:
        changes = [(Path(path), old, new) for path, (old, new) in result.changed.items()]
        linked = hard_linked(path for path, _, _ in changes)
        failed = replace_all(changes, roots=paths, beside=result.files)
        _echo(
            "".join(
                f"warning: {escape(str(path))} is fixed; its other hard links keep the old content\n"
                for path in linked
                if path not in failed
            ),
            err=True,
        )
    errors = (*result.errors, *failed.values())
    _echo("".join(f"initlint: {escape(line)}\n" for line in errors), err=True)
    return {str(path) for path in failed}


@cli.command(short_help="Print models as the rules see them.")
@options.files
@trace_options.graphs
def graph(
    paths: tuple[Path, ...],
    stdin_filename: Path | None,
    engine: str,
    output_format: str,
    quiet: bool,
    verbose: bool,
    **chosen: Any,
) -> None:
    """Print the models in PATHS as the rules see them: layers, writes to their parameters, and consumers."""
    paths, contents = options.inputs(paths, stdin_filename)
    limits = trace_options.limits_for(engine != "static", chosen, contents)
    settings = options.settings_for(paths, **chosen)
    result = trace_options.report_trace_errors(
        check_modes.run_graph, paths, settings, contents, limits, engine == "both"
    )
    listed = list_models(result.models)
    models = result.models if output_format == "json" else listed.models
    _echo(graph_comparison.render(models, output_format, terminal_width()))
    if output_format == "text" and listed.left_out and not quiet:
        _echo(f"{listed.left_out}\n", err=True)
    _echo(render("concise", Report(result.diagnostics), quiet=True), err=True)
    print_notes(replace(result, not_followed=()), settings, quiet, verbose)
    click.get_current_context().exit(2 if result.failures else int(bool(result.diagnostics)))


@cli.command(short_help="Write an HTML page with drawings of models and their findings.")
@options.files
@options.rules
@click.option("--html", required=True, type=options.FILE, help="The file to write.")
@click.option("--measured", type=options.FILE, help="The output of `initlint trace --measure --output-format json`.")
@click.option("-q", "--quiet", is_flag=True, help="Do not print a summary.")
@click.option("-v", "--verbose", is_flag=True, help="Also print code that could not be analysed.")
def report(
    paths: tuple[Path, ...],
    stdin_filename: Path | None,
    html: Path,
    measured: Path | None,
    quiet: bool,
    verbose: bool,
    **chosen: Any,
) -> None:
    """Write an HTML page with drawings of the models in PATHS, their findings and signals. Exits with 0."""
    page = options.optional("initlint.report.html.page", "the page", "report")
    options.check_writable(html)
    paths, contents = options.inputs(paths, stdin_filename)
    settings = options.settings_for(paths, **chosen)
    signal = report_usage_errors(page.read_measured, measured) if measured else {}
    result, fixed = report_usage_errors(check_modes.run_report, CheckInput(paths, settings, contents))
    page_input = page.PageInput(line_reader(contents), fixed, signal, page.folder_of(paths))
    text = page.render(result, page.title_of(paths), page_input)
    report_usage_errors(write, html, text.encode("utf-8", "backslashreplace"))
    if not quiet:
        models = counted(len(list_models(result.models, result.findings_by_model).models), "model")
        findings = counted(len(result.diagnostics), "finding")
        _echo(f"Wrote {escape(str(html))}: {findings}, {models}.\n")
    print_notes(result, settings, quiet, verbose)
    click.get_current_context().exit(2 if result.failures else 0)


@cli.command(short_help="Run the language server for editors.")
def server() -> None:
    """Run the language server for editors, on standard input and output."""
    gc.set_threshold(50_000, 10, 10)  # the garbage of two hundred edits would take 50 MB
    options.optional("initlint.integrations.lsp.handlers", "the language server", "server").run()


@cli.command(short_help="Build models with torch, which runs their code; print layers.")
@trace_options.command
def trace(
    targets: tuple[str, ...],
    measure: bool,
    seed: int | None,
    repeat: int | None,
    mode: Mode | None,
    output_format: str,
    **chosen: Any,
) -> None:
    """Build the models TARGETS (`package.module:Model`, `file.py:Model`), which runs their code; print their layers."""
    measurement = trace_options.measurement(measure, seed, repeat, mode)
    settings, specs, limits = trace_options.read(targets, **chosen)
    traced = trace_options.report_trace_errors(fx_run.trace, specs, settings, limits, measurement)
    _echo(trace_table.render(traced, output_format, terminal_width()))
    _echo(trace_table.problems(traced), err=True)
    click.get_current_context().exit(int(any(one.problem for one in traced)))


@cli.command()
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def rules(output_format: str) -> None:
    """List all rules."""
    if output_format == "json":
        _echo(json_report.dumps([rule_pages.as_json(r) for r in all_rules()]))
    else:
        _echo(rules_table.render(all_rules(), terminal_width()))


@cli.command()
@click.argument("code")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def rule(code: str, output_format: str) -> None:
    """Explain the rule CODE, given by its code or name."""
    wanted = report_usage_errors(rule_pages.find, code, all_rules())
    _echo(json_report.dumps(rule_pages.as_json(wanted)) if output_format == "json" else rule_pages.page(wanted))


@cli.command()
@options.cache_dir
def clean(cache_dir: Path | None) -> None:
    """Remove the cache."""
    _echo(f"Files removed: {report_usage_errors(cache_file.remove_all, options.cache_folder(cache_dir))}\n")


def terminal_width() -> int:
    """The columns for text: those of the terminal (or `COLUMNS`), but at most as many as are easy to read; else 80."""
    if "COLUMNS" not in os.environ and not sys.stdout.isatty():
        return 80
    return min(shutil.get_terminal_size().columns, MAX_WIDTH)


def print_notes(result: CheckResult, settings: Settings, quiet: bool, verbose: bool) -> None:
    """Print warnings and internal errors on standard error."""
    _echo(console.messages(result, settings, quiet, verbose, bool(os.environ.get("INITLINT_DEBUG"))), err=True)


def _echo(text: str, err: bool = False) -> None:
    """Print `text`, coloured on a terminal only unless NO_COLOR or FORCE_COLOR is set."""
    colour = False if os.environ.get("NO_COLOR") else True if os.environ.get("FORCE_COLOR") else None
    if text:
        click.echo(text, nl=False, err=err, color=colour)


def _echo_source(data: bytes) -> None:
    """Print a source or a diff byte for byte, but with control characters escaped on a terminal."""
    if sys.stdout.isatty():
        lines = data.decode("utf-8", "replace").replace("\t", "    ").split("\n")
        click.echo("\n".join(map(escape, lines)), nl=False)
    else:
        click.echo(data, nl=False)
