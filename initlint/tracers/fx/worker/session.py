"""One request from its first target to its last: what came of each is a file as soon as it is known."""

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

from . import building, construction, description, measuring, safety, targets, tracing
from .frames import FrameLocations, is_users
from .recording import Recorder


def work(folder: str) -> None:
    """Trace the targets of `folder`/request.json, and leave without asking what else wants to run."""
    with open(os.path.join(folder, "request.json"), encoding="utf-8") as file:
        request = json.load(file)
    safety.limit_memory(request["memory"])
    safety.forbid()
    places = FrameLocations()
    construction.watch(places)
    recorder = Recorder(places, frozenset(request["helpers"]))
    recorder.replace_initializers()
    leaves = frozenset(request["leaves"])
    for target in request["targets"]:
        number = target["number"]
        _write(folder, f"started-{number}.json", {})
        result = _trace(target, partial(_write, folder, f"imported-{number}.json", {}), recorder, places, leaves)
        _write(folder, f"result-{number}.json", {**result, "places": places.listed})
    os._exit(0)


def _write(folder: str, name: str, content: dict[str, Any]) -> None:
    path = os.path.join(folder, name)
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(content, file)
    os.replace(path + ".part", path)


def _trace(
    target: dict[str, Any],
    note_import: Callable[[], None],
    recorder: Recorder,
    places: FrameLocations,
    leaves: frozenset[str],
) -> dict[str, Any]:
    began = time.perf_counter()
    stage = "import"
    try:
        recorder.clear()
        sys.argv = [target["file"] or target["module"]]  # a script that reads its arguments finds none
        with recorder:
            module = targets.module_of(target)
        note_import()
        if target["optional"] and not targets.is_offered(module, target["attribute"]):
            return {"skipped": True}
        found = targets.attribute_of(module, target["attribute"])
        stage = "build"
        args, kwargs = pickle.loads(bytes.fromhex(target["call"]))
        make = targets.maker(found, args, kwargs)
        model, device = building.build(make, recorder)
        built = time.perf_counter()
        described = description.describe(model, recorder)
        stage = "trace"

        def rebuild() -> Any:
            with recorder.aside():
                return make()

        traced = tracing.trace(model, rebuild, target["inputs"], places, leaves)
        seconds = {"build": built - began, "trace": time.perf_counter() - built}
        stage = "measure"
        measured, unmeasured = measuring.measure(make, target["inputs"]) if target["measure"] else (None, None)
    except BaseException as error:  # SystemExit, too, is only this target's end
        return {"error": _line(error), "stage": stage, **_where(error)}
    return {
        **described,
        "file": targets.home_of(found, module),
        "files": targets.files_of(model),
        "device": device,
        "way": traced.way,
        "problem": traced.problem,
        "flows": [flow.nodes for flow in traced.flows],
        "measured": measured,
        "unmeasured": unmeasured,
        "seconds": seconds,
    }


def _line(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it called sys.exit({'' if error.code is None else error.code})"
    return tracing.explain(error)


def _where(error: BaseException) -> dict[str, Any]:
    """The innermost place in the user's code that the error came through."""
    found: TracebackType | None = None
    step = error.__traceback__
    while step is not None:
        if is_users(step.tb_frame.f_code.co_filename):
            found = step
        step = step.tb_next
    if found is None:
        return {}
    return {"file": found.tb_frame.f_code.co_filename, "row": found.tb_lineno}
