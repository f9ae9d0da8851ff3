"""initlint reads PyTorch model code and says which weights start wrong, why, and by how much.

Data flows one way; every stage takes frozen values and returns frozen values::

    discover -> source -> interpret -> ModelGraph -> rules -> merge -> suppress -> report
     (files)   (libcst)   (tracer)     (graph.py)            (one of each)  (noqa)   (text, JSON)

`initlint.interpret` runs the source without running it: an abstract interpreter that constructs each model,
records every write to a parameter in order, and follows the signal through `forward`. What it finds is a
`ModelGraph`, and the rules see nothing else. Nothing of a linted project is ever imported or executed.

From Python: `initlint.linter.check(paths, settings)` returns the diagnostics. Only `initlint.cli` prints or exits.
"""

from __future__ import annotations

__version__ = "0.1.0"
