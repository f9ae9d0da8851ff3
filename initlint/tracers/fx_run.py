"""Runs the fx tracer for `initlint trace`: builds the target models and returns their graphs. Runs the user's code."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from initlint.project.queries import FileSystemQueries
from initlint.project.settings import Settings
from initlint.project.source import SourceError, SourceFile
from initlint.project.trace_targets import TargetSpec
from initlint.project.tracking import TrackedQueries
from initlint.tracers.fx import Limits, Measurement, TraceContext, TraceResult, trace_models
from initlint.tracers.references.constructions import constructions
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.static.project import Project

_INSTALLED = ("site-packages", "dist-packages")


def trace(
    specs: Sequence[TargetSpec], settings: Settings, limits: Limits, measurement: Measurement | None = None
) -> list[TraceResult]:
    """Build and trace each target, and measure its signal on request. Raises `WorkerError`: the worker cannot start."""
    roots = settings.import_roots
    project = Project(roots=roots, additions=settings.additions)
    context = TraceContext(
        limits, [Path.cwd(), *roots], settings.additions, project_file_loader(project.load), display_path
    )
    results = trace_models(specs, context, measurement=measurement)
    index = ProjectIndex(TrackedQueries(FileSystemQueries({}, map(str, roots)), records=False))
    return [_with_arguments_of_calls(result, context, index, measurement) for result in results]


_MISSING_ARGUMENT = "missing a required argument"
_MAX_CALLS = 3


def _with_arguments_of_calls(
    result: TraceResult, context: TraceContext, index: ProjectIndex, measurement: Measurement | None
) -> TraceResult:
    """The result with the arguments of a call in the project, if the target needs arguments and none are given."""
    if result.problem is None or _MISSING_ARGUMENT not in result.problem:
        return result
    for spec, text in specs_of_calls(result.spec, index):
        (built,) = trace_models([spec], context, measurement=measurement)
        if built.graph is not None:
            return replace(built, built_as=text)
    return result


def specs_of_calls(spec: TargetSpec, index: ProjectIndex) -> Iterator[tuple[TargetSpec, str]]:
    """The target with the arguments of each of the first literal calls in the project, and the text of that call."""
    if not spec.is_file or spec.args or spec.kwargs or "." in spec.attribute:
        return
    for path, call in islice(constructions(Path(spec.where), spec.attribute, index), _MAX_CALLS):
        text = f"{call.text}, {display_path(str(path))}:{call.row}"
        yield replace(spec, args=call.args, kwargs=dict(call.kwargs), names=call.names), text


def project_file_loader(load: Callable[[Path], SourceFile]) -> Callable[[Path], SourceFile | None]:
    """Return a function that loads the project's files: None for installed packages and unreadable files."""

    def read(file: Path) -> SourceFile | None:
        if any(part in _INSTALLED for part in file.parts):
            return None
        try:
            return load(Path(display_path(str(file))))
        except SourceError:
            return None

    return read


def display_path(file: str) -> str:
    """The path to print: relative if the file is below the current directory."""
    relative = os.path.relpath(file)
    return file if relative.startswith(os.pardir) else relative
