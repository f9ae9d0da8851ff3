"""initlint lints the weight initialization of PyTorch models: which init is wrong, why, and by how much.

Data flows one way; every stage takes frozen values and returns frozen values::

    discover -> source -> interpret -> ModelGraph -> rules -> merge -> suppress -> report
     (files)    (ast)     (tracer)     (graph.py)            (one of each)  (noqa)   (text, JSON)

`initlint.tracers.static` is an abstract interpreter of the source: it constructs each model, records every write to a
parameter in order, and traces the signal through `forward`. The result is a `ModelGraph`, the only input of the rules.
Nothing of a linted project is imported or executed.

From Python: `initlint.check_paths` and `initlint.check_source` return a `CheckResult`; the names below are public.
Only `initlint.cli.commands` prints or exits.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from initlint.api import check_files as check_files
    from initlint.api import check_paths as check_paths
    from initlint.api import check_source as check_source
    from initlint.api import fix_source as fix_source
    from initlint.api import models as models
    from initlint.diagnostics import Applicability as Applicability
    from initlint.diagnostics import Diagnostic as Diagnostic
    from initlint.diagnostics import Edit as Edit
    from initlint.diagnostics import Fix as Fix
    from initlint.diagnostics import Related as Related
    from initlint.diagnostics import Severity as Severity
    from initlint.diagnostics import Span as Span
    from initlint.integrations.inspection.inspection import Inspection as Inspection
    from initlint.integrations.inspection.inspection import inspect as inspect
    from initlint.linter.results import CheckResult as CheckResult
    from initlint.linter.results import Failure as Failure
    from initlint.project.discovery import DiscoveryError as DiscoveryError
    from initlint.project.settings import ConfigurationError as ConfigurationError
    from initlint.project.settings import Settings as Settings

__version__ = "0.1.0"

_PUBLIC = {
    "api": "check_files check_paths check_source fix_source models",
    "diagnostics": "Applicability Diagnostic Edit Fix Related Severity Span",
    "integrations.inspection.inspection": "Inspection inspect",
    "project.discovery": "DiscoveryError",
    "linter.results": "CheckResult Failure",
    "project.settings": "ConfigurationError Settings",
}
_HOME = {name: f"initlint.{module}" for module, names in _PUBLIC.items() for name in names.split()}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    """A public name, imported when it is asked for: `initlint --version` need not load a parser."""
    if name not in _HOME:
        raise AttributeError(f"module 'initlint' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def load_ipython_extension(shell: Any) -> None:
    """Add the magic `%initlint`; IPython calls it for `%load_ext initlint`."""
    magic = importlib.import_module("initlint.integrations.inspection.inspection").magic
    shell.register_magic_function(lambda line: magic(shell.user_ns, line), magic_name="initlint")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
