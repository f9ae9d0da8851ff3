"""The options of the commands, and the settings that result from them and the configuration file."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from initlint._lazy import LazyModule
from initlint._records import dataclass
from initlint.diagnostics import Severity
from initlint.linter.add_noqa import InvalidNoqaReason
from initlint.linter.pipeline import Contents, RunOptions
from initlint.linter.process_pool import available_processors
from initlint.project.discovery import SUFFIXES, DiscoveryError
from initlint.project.file_io import CannotRead, CannotWrite
from initlint.project.settings import OUTPUT_FORMATS, ConfigurationError, Selection, Settings
from initlint.project.settings_file import NearestSettings, common_folder, find, load, override
from initlint.report.report import ORDERS
from initlint.report.rule_pages import UnknownRule
from initlint.report.statistics import GROUPINGS, UnsupportedFormat
from initlint.report.text import escape
from initlint.rewrite import MissingLibcst

if TYPE_CHECKING:
    import shlex

    import platformdirs
else:
    shlex = LazyModule("shlex")
    # Slow to import, and not needed with --cache-dir or --no-cache.
    platformdirs = LazyModule("platformdirs")

Command = TypeVar("Command", bound=Callable[..., Any])
Returned = TypeVar("Returned")


FILE = click.Path(path_type=Path, dir_okay=False)
"""The type of an option that names a file."""


class UsageError(click.ClickException):
    """Wrong use or wrong configuration."""

    exit_code = 2


def report_usage_errors(function: Callable[..., Returned], *arguments: Any) -> Returned:
    """Call `function`, and turn its errors about wrong use into a `UsageError`: one line and exit status 2."""
    try:
        return function(*arguments)
    except (
        InvalidNoqaReason,
        CannotRead,
        CannotWrite,
        ConfigurationError,
        DiscoveryError,
        MissingLibcst,
        UnknownRule,
        UnsupportedFormat,
    ) as error:
        raise UsageError(escape(str(error))) from None


def optional(module: str, feature: str, extra: str) -> ModuleType:
    """Import a module that needs the libraries of an optional dependency group."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        library, _, _ = (error.name or module).partition(".")
        raise UsageError(f"{feature} needs {library}: pip install 'initlint[{extra}]'") from None


def apply_options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """A decorator that applies `options`, the first one outermost."""
    return lambda command: reduce(lambda wrapped, option: option(wrapped), reversed(options), command)


def _split(_: click.Context, __: click.Parameter, values: Sequence[str]) -> tuple[str, ...] | None:
    """Split comma-separated values of an option that may be repeated; None if it is absent."""
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip()) if values else None


def _codes_by_pattern(
    context: click.Context, option: click.Parameter, values: Sequence[str]
) -> dict[str, tuple[str, ...]] | None:
    """The codes by pattern of an option that takes `PATTERN:CODE`, also several with commas; None if it is absent."""
    table: dict[str, tuple[str, ...]] = {}
    for entry in _split(context, option, values) or ():
        pattern, colon, code = entry.rpartition(":")
        if not colon or not pattern or not code:
            raise click.BadParameter(f"{entry} is not PATTERN:CODE", context, option)
        table[pattern] = (*table.get(pattern, ()), code)
    return table if values else None


def _listed(name: str, metavar: str, text: str) -> Callable[[Command], Command]:
    return click.option(name, metavar=metavar, multiple=True, callback=_split, help=text)


def _flag(*names: str, text: str) -> Callable[[Command], Command]:
    return click.option(*names, is_flag=True, help=text)


configuration = apply_options(
    click.option(
        "--config",
        multiple=True,
        metavar="FILE | KEY=VALUE",
        help="Read the settings from this file, or set one as in TOML: 'fail-on = \"warning\"'.",
    ),
    _flag("--isolated", text="Read no settings from any file."),
)

files = apply_options(
    click.argument("paths", nargs=-1, type=click.Path(path_type=Path)),
    click.option("--stdin-filename", type=click.Path(path_type=Path), help="The file name of standard input, `-`."),
    configuration,
    _listed("--exclude", "PATTERNS", "Replace the default exclude patterns."),
    _listed("--extend-exclude", "PATTERNS", "Add exclude patterns."),
    _flag("--force-exclude", text="Apply exclude patterns to files given on the command line."),
    _flag("--no-respect-gitignore", text="Lint files that git ignores, too."),
)

rules = apply_options(
    _listed("--select", "CODES", "Run these rules only: codes, prefixes of codes, or ALL."),
    _listed("--ignore", "CODES", "Do not run these rules."),
    _listed("--extend-select", "CODES", "Run these rules as well."),
    click.option(
        "--per-file-ignores",
        metavar="PATTERN:CODE",
        multiple=True,
        callback=_codes_by_pattern,
        help="Do not run these rules on the files that match; replaces the setting.",
    ),
    click.option(
        "--extend-per-file-ignores",
        metavar="PATTERN:CODE",
        multiple=True,
        callback=_codes_by_pattern,
        help="As --per-file-ignores, but adds to the setting.",
    ),
)

fixing = apply_options(
    _flag("--fix", text="Apply safe fixes, and report the remaining findings."),
    _flag("--fix-only", text="As --fix, but neither report the remaining findings nor fail for them."),
    _flag("--unsafe-fixes", text="Also apply unsafe fixes with --fix, --fix-only and --diff."),
    _flag("--diff", text="Print what --fix-only would change instead of writing it; exit with 1 if that is not empty."),
    _flag("--exit-non-zero-on-fix", text="Exit with 1 if anything was fixed."),
)

adopting = apply_options(
    click.option("--add-noqa", metavar="[=REASON]", help="Add a noqa comment for each finding."),
    click.option("--baseline", type=click.Path(path_type=Path), help="Do not report the findings in this file."),
    click.option("--write-baseline", type=click.Path(path_type=Path), help="Write the findings to this file."),
)

cache_dir = click.option(
    "--cache-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="INITLINT_CACHE_DIR",
    help="Cache directory. Default: the user's cache folder.",
)

running = apply_options(
    click.option(
        "-j",
        "--jobs",
        metavar="N",
        type=click.IntRange(min=1),
        default=available_processors,
        show_default="all cores",
        help="Number of processes.",
    ),
    _flag("-w", "--watch", text="Lint again when a file of the project changes, until Ctrl-C."),
    _flag("-n", "--no-cache", text="Do not read or write the cache."),
    cache_dir,
    click.option("--profile", is_flag=True, hidden=True, help="Print the CPU time of each file on standard error."),
)

reporting = apply_options(
    click.option(
        "--output-format",
        type=click.Choice(OUTPUT_FORMATS),
        metavar="FORMAT",
        help=f"{', '.join(OUTPUT_FORMATS[:-1])} or {OUTPUT_FORMATS[-1]}. Default: full.",
    ),
    click.option("-o", "--output-file", type=click.Path(path_type=Path), help="Write the report to this file."),
    click.option(
        "--sort", type=click.Choice(ORDERS), default=ORDERS[0], show_default=True, help="Order of the findings."
    ),
    click.option(
        "--statistics",
        type=click.Choice(GROUPINGS),
        help="Print the number of findings by rule (the default), file or severity instead of the findings.",
    ),
    click.option(
        "--fail-on",
        type=click.Choice([s.label for s in Severity]),
        help="Lowest severity that makes the exit status 1.",
    ),
    _flag("--exit-zero", text="Exit with 0 even if there are findings."),
    _flag("-q", "--quiet", text="Print findings only."),
    _flag("-v", "--verbose", text="Also print per-layer factors and code that could not be analysed."),
    _flag("--show-files", text="Print the files to lint, and do not lint them."),
    _flag("--show-settings", text="Print the settings in force, and do not lint."),
)


def paths_or_default(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """The paths of the command line, or the current folder."""
    return paths or (Path("."),)


def inputs(paths: tuple[Path, ...], stdin_filename: Path | None) -> tuple[tuple[Path, ...], Contents]:
    """The paths, with `-` replaced by its file name, and the bytes of standard input under that name."""
    if Path("-") not in paths:
        return paths_or_default(paths), {}
    if len(paths) > 1:
        raise UsageError("`-` cannot be combined with other paths")
    name = stdin_filename or Path("-")
    return (name,), {str(name): sys.stdin.buffer.read()}


class CommandGroup(click.Group):
    """The commands. Whoever forgets the command and names a path reads what to write."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and (os.sep in name or os.path.exists(name)):
            raise UsageError(escape(f"no such command {name!r}; to lint it: initlint check {shlex.join(args)}"))
        return super().resolve_command(ctx, args)


_WITHOUT_VALUE = {"--add-noqa": "--add-noqa=", "--statistics": f"--statistics={GROUPINGS[0]}"}


SECTIONS = {
    "stdin_filename": "Files and settings",
    "select": "Rules",
    "fix": "Fixes",
    "add_noqa": "Adopting initlint in an old project",
    "output_format": "Report",
    "jobs": "Processes and cache",
    "trace": "Tracing",
}
"""The headings of `check --help`, each before the option of that name."""


class CheckCommand(click.Command):
    """Groups the options in its help, and allows `--add-noqa` and `--statistics` without a value.

    Without that, click would take the next path as the value.
    """

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        heading = ""
        for parameter in self.get_params(ctx):
            heading = SECTIONS.get(parameter.name or "", heading)
            if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx)) is not None:
                sections.setdefault(heading, []).append(record)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        options = [_WITHOUT_VALUE.get(arg, arg) for arg in args[:end]]
        return super().parse_args(ctx, [*options, *args[end:]])


def validate_options(
    output_file: Path | None, write_baseline: Path | None, add_noqa: str | None, silent: bool, fixing: bool
) -> None:
    """Raise `UsageError` for options that exclude each other and for files that cannot be written."""
    if output_file is not None and silent:
        raise UsageError("--output-file cannot be used with --diff or --fix-only, which print no report")
    if add_noqa is not None and (fixing or write_baseline is not None):
        raise UsageError("--add-noqa cannot be used with --fix, --fix-only or --write-baseline")
    if write_baseline is not None and (fixing or silent):
        raise UsageError("--write-baseline cannot be used with --fix, --fix-only or --diff")
    for file in filter(None, (output_file, write_baseline)):
        check_writable(file)


def validate_watch(
    paths: tuple[Path, ...],
    add_noqa: str | None,
    write_baseline: Path | None,
    show_files: bool,
    show_settings: bool,
    **_: Any,
) -> None:
    """Raise `UsageError` for options with which --watch cannot be used: what they do is done once."""
    if Path("-") in paths:
        raise UsageError("--watch cannot be used with standard input, which does not change")
    once = {
        "--add-noqa": add_noqa is not None,
        "--write-baseline": write_baseline is not None,
        "--show-files": show_files,
        "--show-settings": show_settings,
    }
    for option in (option for option, used in once.items() if used):
        raise UsageError(f"--watch cannot be used with {option}")


def check_writable(file: Path) -> None:
    """Raise `UsageError` unless a report can be written to `file`.

    It must not be a source file: in `--output-file net.py` the name of the report was forgotten.
    """
    if file.is_dir():
        reason = "it is a directory"
    elif file.suffix in SUFFIXES:
        reason = "it is a source file"
    elif not file.parent.is_dir():
        reason = f"there is no directory {file.parent}"
    else:
        return
    raise UsageError(escape(f"{file} cannot be written: {reason}"))


@dataclass(frozen=True)
class ConfigOptions:
    """The values of `--config` and `--isolated`: a file to read the settings from, and single settings."""

    file: Path | None = None
    assignments: tuple[str, ...] = ()
    isolated: bool = False

    @classmethod
    def of(cls, config: Sequence[str], isolated: bool) -> ConfigOptions:
        """Raises `UsageError` for two files, and for a file beside `--isolated`."""
        assignments = tuple(text for text in config if "=" in text and not os.path.exists(text))
        named = [Path(text) for text in config if text not in assignments]
        if len(named) > 1:
            raise UsageError(escape(f"--config takes one file: {', '.join(map(str, named))}"))
        if named and isolated:
            raise UsageError("--config and --isolated cannot be used together")
        return cls(named[0] if named else None, assignments, isolated)

    @property
    def reads_nearest(self) -> bool:
        """Whether each file has the settings of the configuration file nearest to it."""
        return self.file is None and not self.isolated

    def settings(self, start: Path) -> Settings:
        """The settings of the named file, or of the nearest one from `start` upward."""
        file = None if self.isolated else self.file or report_usage_errors(find, start)
        return self.changed(report_usage_errors(load, file) if file else Settings())

    def changed(self, settings: Settings) -> Settings:
        """`settings` with those that were set one by one."""
        for assignment in self.assignments:
            settings = report_usage_errors(override, settings, assignment)
        return settings


def pop_run_options(chosen: dict[str, Any]) -> RunOptions:
    """Remove the options for processes and cache from `chosen`."""
    jobs, no_cache, folder = chosen.pop("jobs"), chosen.pop("no_cache"), chosen.pop("cache_dir")
    return RunOptions(jobs, None if no_cache else cache_folder(folder))


def cache_folder(chosen: Path | None) -> Path:
    """The cache directory."""
    return chosen or platformdirs.user_cache_path("initlint", appauthor=False)


def settings_for(paths: tuple[Path, ...], *, config: tuple[str, ...], isolated: bool, **chosen: Any) -> Settings:
    """The settings of each file: those of the nearest configuration file, overridden by those of the command line.

    What concerns the whole run, as the output format, comes from the nearest file to what all `paths` are in.
    """
    configured = ConfigOptions.of(config, isolated)
    change = _Overrides(configured, chosen)
    base = _overridden(configured.settings(common_folder(paths)), **chosen)
    return replace(base, nearest=NearestSettings(base, change)) if configured.reads_nearest else base


@dataclass(frozen=True)
class _Overrides:
    """Applies the options of the command line to the settings of a file."""

    config: ConfigOptions
    chosen: Mapping[str, Any]

    def __call__(self, settings: Settings) -> Settings:
        return _overridden(self.config.changed(settings), **self.chosen)


def _overridden(
    settings: Settings,
    *,
    exclude: tuple[str, ...] | None,
    extend_exclude: tuple[str, ...] | None,
    force_exclude: bool,
    no_respect_gitignore: bool,
    select: tuple[str, ...] | None = None,
    ignore: tuple[str, ...] | None = None,
    extend_select: tuple[str, ...] | None = None,
    per_file_ignores: Mapping[str, tuple[str, ...]] | None = None,
    extend_per_file_ignores: Mapping[str, tuple[str, ...]] | None = None,
    fail_on: str | None = None,
    output_format: str | None = None,
    baseline: Path | None = None,
) -> Settings:
    ignores = {**(per_file_ignores or {})}
    for pattern, codes in (extend_per_file_ignores or {}).items():
        ignores[pattern] = (*ignores.get(pattern, ()), *codes)
    return replace(
        settings,
        exclude=settings.exclude if exclude is None else (),
        command_line_exclude=(*(exclude or ()), *(extend_exclude or ())),
        force_exclude=settings.force_exclude or force_exclude,
        respect_gitignore=settings.respect_gitignore and not no_respect_gitignore,
        per_file_ignores=settings.per_file_ignores if per_file_ignores is None else {},
        command_line_ignores=ignores,
        fail_on=Severity[fail_on.upper()] if fail_on else settings.fail_on,
        output_format=output_format or settings.output_format,
        baseline=str(baseline.absolute()) if baseline else settings.baseline,
        command_line=Selection(select, extend_select or (), ignore or ()),
    )
