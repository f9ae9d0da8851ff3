"""The options of tracing: targets, their arguments, and limits."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from initlint._lazy import LazyModule
from initlint.cli import options
from initlint.cli.options import ConfigOptions, UsageError, apply_options, configuration
from initlint.linter.pipeline import Contents
from initlint.project.settings import Settings
from initlint.project.trace_targets import TargetError, TargetSpec, parse_input, parse_target, parse_value
from initlint.report.text import escape

if TYPE_CHECKING:
    from initlint.tracers import fx
    from initlint.tracers.fx import Limits, Measurement, Mode
else:
    fx = LazyModule("initlint.tracers.fx")

Returned = TypeVar("Returned")

limits = apply_options(
    click.option("--python", metavar="PATH", help="The interpreter that has torch. Default: the one that runs this."),
    click.option(
        "--time-limit",
        type=click.FloatRange(min=0.1),
        default=60,
        show_default=True,
        metavar="SECONDS",
        help="Give up on a model after this time.",
    ),
    click.option(
        "--memory-limit",
        type=click.FloatRange(min=1),
        default=16,
        show_default=True,
        metavar="GIGABYTES",
        help="Give up on a model that needs more memory.",
    ),
)

tracing = apply_options(
    click.option("--trace", is_flag=True, help="Also build and trace the models with torch, which runs their code."),
    limits,
)

graphs = apply_options(
    click.option(
        "--engine",
        type=click.Choice(["static", "fx", "both"]),
        default="static",
        show_default=True,
        help="Which tracer to use; `fx` and `both` execute the code.",
    ),
    limits,
    click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True),
    click.option("-q", "--quiet", is_flag=True, help="Print no warnings."),
    click.option("-v", "--verbose", is_flag=True, help="Print tracebacks of internal errors."),
)

measuring = apply_options(
    click.option("--seed", type=click.IntRange(min=0), help="Seed of the first measured run. Default: 0."),
    click.option("--repeat", type=click.IntRange(min=1), metavar="N", help="Measure N runs. Default: 5."),
    click.option("--train", "mode", flag_value="train", help="Measure in training mode, with dropout."),
    click.option(
        "--eval",
        "mode",
        flag_value="eval",
        help="Measure in evaluation mode. Default: as that, but norms use batch statistics.",
    ),
)

command = apply_options(
    click.argument("targets", nargs=-1),
    click.option("--arg", "args", multiple=True, metavar="VALUE", help="Call the target with this; a Python literal."),
    click.option("--kwarg", "kwargs", multiple=True, metavar="NAME=VALUE", help="Call the target with this keyword."),
    click.option("--input", "inputs", multiple=True, metavar="SHAPE", help="Call the model with this: 2,3,224,224."),
    click.option("--measure", is_flag=True, help="Run the models with real weights; measure signal and gradient."),
    measuring,
    limits,
    configuration,
    click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True),
)


def report_trace_errors(function: Callable[..., Returned], *arguments: Any) -> Returned:
    """Call `function`, and turn wrong targets and interpreters that cannot trace into a `UsageError`."""
    try:
        return options.report_usage_errors(function, *arguments)
    except (TargetError, fx.WorkerError) as error:
        raise UsageError(escape(str(error))) from None


def read(
    texts: tuple[str, ...],
    *,
    args: tuple[str, ...],
    kwargs: tuple[str, ...],
    inputs: tuple[str, ...],
    config: tuple[str, ...],
    isolated: bool,
    **limit_options: Any,
) -> tuple[Settings, tuple[TargetSpec, ...], Limits]:
    """The settings, the targets and the limits."""
    settings = ConfigOptions.of(config, isolated).settings(Path())
    return settings, specs(texts, args, kwargs, inputs, settings), limits_of(**limit_options)


def measurement(measure: bool, seed: int | None, repeat: int | None, mode: Mode | None) -> Measurement | None:
    """How to measure; None without `measure`. Raises `UsageError` for options that need it."""
    if not measure:
        if (seed, repeat, mode) != (None, None, None):
            raise UsageError("--seed, --repeat, --train and --eval need --measure")
        return None
    return fx.Measurement(seed or 0, 5 if repeat is None else repeat, mode or "start")


def limits_for(wanted: bool, chosen: dict[str, Any], contents: Contents) -> Limits | None:
    """Remove the options for limits from `chosen`; None unless tracing is `wanted`."""
    limit_options = {name: chosen.pop(name) for name in ("python", "time_limit", "memory_limit")}
    if wanted and contents:
        raise UsageError("standard input cannot be traced")
    return limits_of(**limit_options) if wanted else None


def validate_trace_options(changing: bool) -> None:
    """Raise `UsageError` for options with which --trace cannot be used."""
    if changing:
        raise UsageError("--trace cannot be used with --fix, --fix-only, --diff, --add-noqa or --write-baseline")


def limits_of(python: str | None, time_limit: float, memory_limit: float) -> Limits:
    """The limits, with memory in megabytes."""
    return fx.Limits(python or sys.executable, time_limit, int(memory_limit * 1024))


def specs(
    texts: tuple[str, ...], args: tuple[str, ...], kwargs: tuple[str, ...], inputs: tuple[str, ...], settings: Settings
) -> tuple[TargetSpec, ...]:
    """The targets of the command line, or those of the configuration file if there are none."""
    if (args or kwargs or inputs) and len(texts) != 1:
        raise UsageError("--arg, --kwarg and --input need exactly one target")
    targets = tuple(_spec(text, args, kwargs, inputs, settings) for text in texts) or settings.trace
    if not targets:
        raise UsageError("no target: use `package.module:Model` or `path/to/file.py:Model`")
    for spec in targets:
        if spec.is_file and not Path(spec.where).is_file():
            raise UsageError(f"{escape(spec.where)}: no such file")
    return targets


def _spec(
    text: str, args: tuple[str, ...], kwargs: tuple[str, ...], inputs: tuple[str, ...], settings: Settings
) -> TargetSpec:
    """The target with these arguments; without any, with those of the configuration file."""
    where, attribute = report_trace_errors(parse_target, text)
    if not (args or kwargs or inputs):
        configured = next((spec for spec in settings.trace if spec.text == text), None)
        if configured is not None:
            return configured
    named = [keyword.partition("=") for keyword in kwargs]
    if not all(equals and name.isidentifier() for name, equals, _ in named):
        raise UsageError("--kwarg takes NAME=VALUE")
    return TargetSpec(
        where,
        attribute,
        tuple(map(parse_value, args)),
        {name: parse_value(value) for name, _, value in named},
        tuple(report_trace_errors(parse_input, shape) for shape in inputs) or None,
    )
