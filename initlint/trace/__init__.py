"""The fx tracer: the models as torch itself builds and runs them, in the same words as the static tracer's.

`models` asks `client` for targets; that runs the package `worker`, which imports nothing of initlint, under the
interpreter that has torch. What comes back is read in steps: `raw` values, `places` in the source, the `modules` of the
tree, the `writes` to their parameters, `operators` of the flow, and at last `graphs`.
"""

from __future__ import annotations

from initlint.trace.client import Limits, WorkerError
from initlint.trace.models import Context, Measured, Traced, trace_models

__all__ = ["Context", "Limits", "Measured", "Traced", "WorkerError", "trace_models"]
