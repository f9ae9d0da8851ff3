"""Runs the fx tracer for `initlint trace`: builds the target models and returns their graphs. Runs the user's code."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from initlint.project.settings import Settings
from initlint.project.source import SourceError, SourceFile
from initlint.project.trace_targets import TargetSpec
from initlint.tracers.fx import Limits, Measurement, TraceContext, TraceResult, trace_models
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
    return trace_models(specs, context, measurement=measurement)


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
