"""Entry point of the worker: `python initlint/tracers/fx/worker FOLDER`, under the interpreter that has torch.

It imports nothing of initlint, which need not be installed there. It removes its own folder from `sys.path`, where its
modules would shadow the user's, and loads its package under a unique name.
"""

from __future__ import annotations

import importlib.util
import os
import sys

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_NAME = "_initlint_trace_worker"


def main() -> None:
    """Load the package and run the request in the folder named on the command line."""
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or os.getcwd()) != _FOLDER]
    sys.dont_write_bytecode = True  # leave no __pycache__ beside the user's files
    spec = importlib.util.spec_from_file_location(
        _NAME, os.path.join(_FOLDER, "__init__.py"), submodule_search_locations=[_FOLDER]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = package
    spec.loader.exec_module(package)
    importlib.import_module(f"{_NAME}.run_request").run_request(sys.argv[1])


if __name__ == "__main__":
    main()
