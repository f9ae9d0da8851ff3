"""Tracing on request: targets to models, by the interpreter that has torch. It runs the user's code."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from initlint.project.settings import Settings
from initlint.project.source import SourceError, SourceFile
from initlint.project.trace_targets import TargetSpec
from initlint.tracers.fx import Limits, TraceContext, TraceResult, trace_models
from initlint.tracers.static import Project

_INSTALLED = ("site-packages", "dist-packages")


def trace(specs: Sequence[TargetSpec], settings: Settings, limits: Limits, measure: bool = False) -> list[TraceResult]:
    """Build and trace each of the targets. Raises `WorkerError` if the interpreter cannot do that at all."""
    roots = settings.import_roots
    project = Project(roots=roots, additions=settings.additions)
    context = TraceContext(limits, [Path.cwd(), *roots], settings.additions, reader(project.load), shown)
    return trace_models(specs, context, measure=measure)


def reader(load: Callable[[Path], SourceFile]) -> Callable[[Path], SourceFile | None]:
    """Reads the user's own files; None for an installed package's, and for what cannot be read."""

    def read(file: Path) -> SourceFile | None:
        if any(part in _INSTALLED for part in file.parts):
            return None
        try:
            return load(Path(shown(str(file))))
        except SourceError:
            return None

    return read


def shown(file: str) -> str:
    """The path as a user would write it: relative if it is below the current directory."""
    relative = os.path.relpath(file)
    return file if relative.startswith(os.pardir) else relative
