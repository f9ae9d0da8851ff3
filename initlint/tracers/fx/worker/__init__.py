"""The worker process of the fx tracer: builds and traces the user's models in the user's interpreter.

It uses only the standard library and torch, and runs on Python 3.9 or newer, because initlint need not be installed
there. Request and results are JSON files in one folder, so the user's code may print. The worker has no tables of
torch's operators: it records the names of what is called, and `tracers/fx` interprets them.

- `run_request` works through the targets of a request. `sandbox` restricts their code, `targets` imports them.
- `building` builds a model, without memory if possible. Meanwhile `recording` records every write to a parameter, and
  `module_origins` where each module is constructed. `description` describes the module tree.
- `tracing` traces the data flow with torch.fx (`symbolic`), or by running the model (`running`) on given or guessed
  `inputs`. Both produce the nodes of `nodes`. `measuring` runs the model with real weights.
- `frames` finds the locations in the user's code, `json_values` encodes arguments.
"""
