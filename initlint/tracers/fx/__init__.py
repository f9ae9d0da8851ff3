"""The fx tracer: the models as torch itself builds and runs them, in the same words as the static tracer's.

`models` asks `client` for targets; that runs the package `worker`, which imports nothing of initlint, under the
interpreter that has torch. What comes back is read in steps: `raw` values, `places` in the source, the `modules` of the
tree, the `writes` to their parameters, `operators` of the flow, and at last `graphs`.
"""

from __future__ import annotations

from initlint.tracers.fx.graphs import read_graph
from initlint.tracers.fx.models import BuildResult, Measured, TraceContext, TraceResult, build_models, trace_models
from initlint.tracers.fx.source_locations import SourceLocations
from initlint.tracers.fx.worker_process import IMPORT_FAILED, Limits, WorkerError

__all__ = [
    "IMPORT_FAILED",
    "BuildResult",
    "Limits",
    "Measured",
    "SourceLocations",
    "TraceContext",
    "TraceResult",
    "WorkerError",
    "build_models",
    "read_graph",
    "trace_models",
]
