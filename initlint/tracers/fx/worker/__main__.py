"""The start of the worker: `python initlint/trace/worker FOLDER`, under the interpreter that has the user's torch.

It imports nothing of initlint, which need not be installed there, and leaves no folder of its own on `sys.path`,
where its names would stand before the user's: the package is loaded from here under a name that nobody else has.
"""

from __future__ import annotations

import importlib.util
import os
import sys

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_NAME = "_initlint_trace_worker"


def main() -> None:
    """Load the package and work through the request in the folder that the command line names."""
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or os.getcwd()) != _FOLDER]
    sys.dont_write_bytecode = True  # tracing leaves no trace beside the user's files
    spec = importlib.util.spec_from_file_location(
        _NAME, os.path.join(_FOLDER, "__init__.py"), submodule_search_locations=[_FOLDER]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = package
    spec.loader.exec_module(package)
    importlib.import_module(f"{_NAME}.session").work(sys.argv[1])


if __name__ == "__main__":
    main()
