"""What the commands take from the command line, and the settings that come of it together with the file's."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from initlint._lazy import LazyModule
from initlint.diagnostics import Severity
from initlint.linter.add_noqa import InvalidNoqaReason
from initlint.linter.pipeline import Contents, RunOptions
from initlint.linter.process_pool import available_processors
from initlint.project.discovery import SUFFIXES, DiscoveryError
from initlint.project.file_io import CannotRead, CannotWrite
from initlint.project.settings import OUTPUT_FORMATS, ConfigurationError, Selection, Settings, find, load
from initlint.report.rule_pages import UnknownRule
from initlint.report.statistics import UnsupportedFormat
from initlint.report.text import escape

if TYPE_CHECKING:
    import platformdirs
else:
    # It loads much, to name a folder that the command line may have named.
    platformdirs = LazyModule("platformdirs")

Command = TypeVar("Command", bound=Callable[..., Any])
Returned = TypeVar("Returned")


FILE = click.Path(path_type=Path, dir_okay=False)
"""The type of an option that names a file."""


class UsageError(click.ClickException):
    """Wrong use or wrong configuration."""

    exit_code = 2


def report_usage_errors(function: Callable[..., Returned], *arguments: Any) -> Returned:
    """Call `function`; what the user did wrong becomes one line and exit 2."""
    try:
        return function(*arguments)
    except (
        InvalidNoqaReason,
        CannotRead,
        CannotWrite,
        ConfigurationError,
        DiscoveryError,
        UnknownRule,
        UnsupportedFormat,
    ) as error:
        raise UsageError(escape(str(error))) from None


def optional(module: str, what: str, extra: str) -> ModuleType:
    """A module that needs libraries which a plain installation does not have."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(f"{what} needs {error.name}: pip install 'initlint[{extra}]'") from None


def apply_options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """A decorator that applies all these options, the first one outermost."""
    return lambda command: reduce(lambda wrapped, option: option(wrapped), reversed(options), command)


def _split(_: click.Context, __: click.Parameter, values: Sequence[str]) -> tuple[str, ...] | None:
    """Comma-separated, and the option may be repeated; None if it is not given."""
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip()) if values else None


def _listed(name: str, metavar: str, text: str) -> Callable[[Command], Command]:
    return click.option(name, metavar=metavar, multiple=True, callback=_split, help=text)


def _flag(*names: str, text: str) -> Callable[[Command], Command]:
    return click.option(*names, is_flag=True, help=text)


configuration = apply_options(
    click.option("--config", type=click.Path(path_type=Path), help="Read the settings from this file."),
    _flag("--isolated", text="Read no settings from any file."),
)

files = apply_options(
    click.argument("paths", nargs=-1, type=click.Path(path_type=Path)),
    click.option("--stdin-filename", type=click.Path(path_type=Path), help="The name of what `-` reads."),
    configuration,
    _listed("--exclude", "PATTERNS", "Replace what is left out."),
    _listed("--extend-exclude", "PATTERNS", "Leave out more."),
    _flag("--force-exclude", text="Leave out also files that are named here."),
    _flag("--no-respect-gitignore", text="Do not leave out what git ignores."),
)

rules = apply_options(
    _listed("--select", "CODES", "Run these rules only: codes, prefixes of codes, or ALL."),
    _listed("--ignore", "CODES", "Do not run these rules."),
    _listed("--extend-select", "CODES", "Run these rules as well."),
)

fixing = apply_options(
    _flag("--fix", text="Rewrite the calls that are safe to rewrite, and report the rest."),
    _flag("--fix-only", text="As --fix, but neither report the rest nor fail for it."),
    _flag("--unsafe-fixes", text="Let --fix, --fix-only and --diff rewrite also what may not be meant."),
    _flag("--diff", text="Write nothing; print what --fix-only would change, and exit with 1 if that is anything."),
    _flag("--exit-non-zero-on-fix", text="Exit with 1 if anything was fixed."),
)

adopting = apply_options(
    click.option("--add-noqa", metavar="[=REASON]", help="Add a noqa for each finding, with a reason if there is one."),
    click.option("--baseline", type=click.Path(path_type=Path), help="Do not report what this file says is known."),
    click.option("--write-baseline", type=click.Path(path_type=Path), help="Write what is found to this file."),
)

cache_dir = click.option(
    "--cache-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="INITLINT_CACHE_DIR",
    help="Keep results there. Default: in the user's cache folder.",
)

running = apply_options(
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=1),
        default=available_processors,
        show_default="all cores",
        help="Processes.",
    ),
    _flag("-n", "--no-cache", text="Neither use what earlier runs have found nor keep anything."),
    cache_dir,
    click.option("--profile", is_flag=True, hidden=True, help="Print what each file has cost, on standard error."),
)

reporting = apply_options(
    click.option("--output-format", type=click.Choice(OUTPUT_FORMATS), help="Default: full."),
    click.option("-o", "--output-file", type=click.Path(path_type=Path), help="Write the report to this file."),
    _flag("--statistics", text="Print how many findings each rule has, in place of the findings."),
    click.option("--fail-on", type=click.Choice([s.label for s in Severity]), help="Exit with 1 from this level on."),
    _flag("--exit-zero", text="Exit with 0 whatever is found."),
    _flag("-q", "--quiet", text="Print findings only."),
    _flag("-v", "--verbose", text="Print also the layers behind each number, and what could not be followed."),
    _flag("--show-files", text="Print the files that would be linted, and lint none."),
    _flag("--show-settings", text="Print the settings in force, and lint nothing."),
)


def inputs(paths: tuple[Path, ...], stdin_filename: Path | None) -> tuple[tuple[Path, ...], Contents]:
    """The paths, `-` under the name it goes by, and what came through standard input."""
    if Path("-") not in paths:
        return paths or (Path("."),), {}
    if len(paths) > 1:
        raise UsageError("`-` cannot stand beside other paths")
    name = stdin_filename or Path("-")
    return (name,), {str(name): sys.stdin.buffer.read()}


class CheckCommand(click.Command):
    """Takes `--add-noqa` alone: click would read the path behind it as the reason."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        options = ["--add-noqa=" if arg == "--add-noqa" else arg for arg in args[:end]]
        return super().parse_args(ctx, [*options, *args[end:]])


def validate_options(
    output_file: Path | None, write_baseline: Path | None, add_noqa: str | None, silent: bool, fixing: bool
) -> None:
    """Complain before the work is done, not after."""
    if output_file is not None and silent:
        raise UsageError("--output-file has no report to write with --diff or --fix-only")
    if add_noqa is not None and (fixing or write_baseline is not None):
        raise UsageError("--add-noqa excludes --fix, --fix-only and --write-baseline")
    if write_baseline is not None and (fixing or silent):
        raise UsageError("--write-baseline excludes --fix, --fix-only and --diff")
    for file in filter(None, (output_file, write_baseline)):
        check_writable(file)


def check_writable(file: Path) -> None:
    """Complain if no report can go into `file`; a forgotten file name must not cost the source behind it."""
    if file.is_dir():
        reason = "it is a directory"
    elif file.suffix in SUFFIXES:
        reason = "a report does not go into a source file"
    elif not file.parent.is_dir():
        reason = f"there is no directory {file.parent}"
    else:
        return
    raise UsageError(escape(f"{file} cannot be written: {reason}"))


def file_settings(start: Path, config: Path | None, isolated: bool) -> Settings:
    """What the file says that is named, or is found from `start` upward."""
    if config and isolated:
        raise UsageError("--config and --isolated exclude each other")
    file = None if isolated else config or report_usage_errors(find, start)
    return report_usage_errors(load, file) if file else Settings()


def pop_run_options(chosen: dict[str, Any]) -> RunOptions:
    """What a run may use, by the options for that, which are taken out of `chosen`."""
    jobs, no_cache, folder = chosen.pop("jobs"), chosen.pop("no_cache"), chosen.pop("cache_dir")
    return RunOptions(jobs, None if no_cache else cache_folder(folder))


def cache_folder(chosen: Path | None) -> Path:
    """Where results are kept."""
    return chosen or platformdirs.user_cache_path("initlint", appauthor=False)


def settings_for(
    paths: tuple[Path, ...],
    *,
    config: Path | None,
    isolated: bool,
    exclude: tuple[str, ...] | None,
    extend_exclude: tuple[str, ...] | None,
    force_exclude: bool,
    no_respect_gitignore: bool,
    select: tuple[str, ...] | None = None,
    ignore: tuple[str, ...] | None = None,
    extend_select: tuple[str, ...] | None = None,
    fail_on: str | None = None,
    output_format: str | None = None,
    baseline: Path | None = None,
) -> Settings:
    """The file's settings, which is found upward from the first path, below those of the command line."""
    settings = file_settings(paths[0], config, isolated)
    return replace(
        settings,
        exclude=settings.exclude if exclude is None else exclude,
        extend_exclude=(*settings.extend_exclude, *(extend_exclude or ())),
        force_exclude=settings.force_exclude or force_exclude,
        respect_gitignore=settings.respect_gitignore and not no_respect_gitignore,
        fail_on=Severity[fail_on.upper()] if fail_on else settings.fail_on,
        output_format=output_format or settings.output_format,
        baseline=str(baseline.absolute()) if baseline else settings.baseline,
        command_line=Selection(select, extend_select or (), ignore or ()),
    )
