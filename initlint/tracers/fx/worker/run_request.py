"""Runs a request: builds, traces and measures each target, and writes its result to a file at once."""

from __future__ import annotations

import json
import os
import pickle
import sys
import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

from . import building, description, measuring, module_origins, sandbox, targets, tracing
from .frames import FrameLocations, is_user_file
from .recording import Recorder


def run_request(folder: str) -> None:
    """Trace the targets of `folder`/request.json. Exits without running atexit handlers or waiting for threads."""
    with open(os.path.join(folder, "request.json"), encoding="utf-8") as file:
        request = json.load(file)
    sandbox.limit_memory(request["memory"])
    sandbox.forbid_network_and_fork()
    locations = FrameLocations()
    module_origins.watch(locations)
    recorder = Recorder(locations, frozenset(request["helpers"]))
    recorder.replace_initializers()
    leaves = frozenset(request["leaves"])
    for target in request["targets"]:
        number = target["number"]
        _write(folder, f"started-{number}.json", {})
        result = _trace(target, partial(_write, folder, f"imported-{number}.json", {}), recorder, locations, leaves)
        _write(folder, f"result-{number}.json", {**result, "locations": locations.positions})
    os._exit(0)


def _write(folder: str, name: str, content: dict[str, Any]) -> None:
    path = os.path.join(folder, name)
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(content, file)
    os.replace(path + ".part", path)


def _trace(
    target: dict[str, Any],
    record_import: Callable[[], None],
    recorder: Recorder,
    locations: FrameLocations,
    leaves: frozenset[str],
) -> dict[str, Any]:
    start_time = time.perf_counter()
    stage = "import"
    try:
        recorder.clear()
        sys.argv = [target["file"] or target["module"]]  # a script that parses its arguments finds none
        with recorder:
            module = targets.import_module(target)
        record_import()
        args, kwargs = pickle.loads(bytes.fromhex(target["call"]))
        args, kwargs = targets.arguments(module, args, kwargs, target["names"])
        if target["optional"] and not targets.is_buildable_module(module, target["attribute"], args, kwargs):
            return {"skipped": True}
        attribute = targets.find_attribute(module, target["attribute"])
        stage = "build"
        create_model = targets.model_factory(attribute, args, kwargs)
        model, device = building.build_model(create_model, recorder)
        build_end = time.perf_counter()
        module_tree = description.describe(model, recorder)
        stage = "trace"

        def rebuild() -> Any:
            with recorder.discarding():
                return create_model()

        traced_forward = tracing.trace(model, rebuild, target["inputs"], locations, leaves)
        seconds = {"build": build_end - start_time, "trace": time.perf_counter() - build_end}
        stage = "measure"
        measured, measure_problem = (
            measuring.measure(create_model, target["inputs"], target["measure"])
            if target["measure"] and not (target["inputs"] is not None and traced_forward.problem)
            else (None, None)
        )
    except BaseException as error:  # SystemExit ends only this target, too
        return {"error": _error_line(error), "stage": stage, **_error_location(error)}
    return {
        **module_tree,
        "file": targets.defining_file(attribute, module),
        "files": targets.module_files(model),
        "device": device,
        "way": traced_forward.method,
        "problem": traced_forward.problem,
        "flows": [flow.nodes for flow in traced_forward.flows],
        "measured": measured,
        "unmeasured": measure_problem,
        "seconds": seconds,
    }


def _error_line(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it called sys.exit({'' if error.code is None else error.code})"
    return tracing.explain(error)


def _error_location(error: BaseException) -> dict[str, Any]:
    """The innermost location in the user's code in the traceback."""
    user_traceback: TracebackType | None = None
    traceback = error.__traceback__
    while traceback is not None:
        if is_user_file(traceback.tb_frame.f_code.co_filename):
            user_traceback = traceback
        traceback = traceback.tb_next
    if user_traceback is None:
        return {}
    return {"file": user_traceback.tb_frame.f_code.co_filename, "row": user_traceback.tb_lineno}
