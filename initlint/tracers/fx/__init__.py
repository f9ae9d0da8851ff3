"""The fx tracer: builds and runs models with torch itself, and returns the same `ModelGraph` as the static tracer.

`models` sends targets to `worker_process`, which runs the package `worker` under the interpreter that has torch. The
worker imports nothing of initlint and answers in JSON. `graphs` turns an answer into a `ModelGraph`: it reads values
(`json_values`), locations in the source (`source_locations`), the modules and their parameters (`module_tree`), the
writes to these parameters and the init calls (`writes`), and the data flow (`dataflow`).
"""

from __future__ import annotations

from initlint.tracers.fx.graphs import read_graph
from initlint.tracers.fx.measured_signals import MeasuredSignal
from initlint.tracers.fx.models import (
    BuildResult,
    TraceContext,
    TraceResult,
    build_models,
    trace_models,
)
from initlint.tracers.fx.source_locations import SourceLocations
from initlint.tracers.fx.worker_process import IMPORT_FAILED, Limits, Measurement, Mode, WorkerError

__all__ = [
    "IMPORT_FAILED",
    "BuildResult",
    "Limits",
    "MeasuredSignal",
    "Measurement",
    "Mode",
    "SourceLocations",
    "TraceContext",
    "TraceResult",
    "WorkerError",
    "build_models",
    "read_graph",
    "trace_models",
]
