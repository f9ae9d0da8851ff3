"""The static tracer: an abstract interpreter of Python that does with the source what torch.fx does at run time.

It runs the linted code without running it. From the bottom to the top, each part importing from those before it:

- What it computes with: `values`, `storage` (tensors), `joins` (two values become one), `containers`, `objects`.
- What holds while it runs: `scopes` are its names, `calls` the arguments of a call, `state` keeps undecided branches
  apart, `idle` tells what need not be followed. `interpreter` evaluates, executes and calls within bounds; it knows the
  rest only as `tables`.
- torch, by the tables of `initlint.facts`: `tree` is the module tree, `records` what is noted of a write,
  `parameters` what assignment and arithmetic write, `tensors` the data flow, `inits` the init calls, `modules`
  how modules are built and called, `module_methods` and `tensor_methods` their methods, `copies` deep copies,
  `parametrizations` weight norm and its like, `held` the parameters behind these.
- Python: `sequences` (iteration), `targets` (assignment), `binding` (parameters of functions), `attributes`, and
  tests in `comparisons`, `type_tests` and `truth`. `expressions` has the table of all expressions, which stand in
  `names`, `displays`, `operators` and `subscripts`; `statements` that of all statements, with `compound` (blocks),
  `definitions` and `imports`.
- What can be called: `builtin_functions` with `builtin_sequences` and `builtin_objects`, `methods` with
  `container_methods`, and `externals` with `special_functions` for all else.
- What to run, and what comes of it: `tracer` chooses the entry points, `forwards` runs models on an input,
  `layers` and `extract` make graphs of what happened, `references` finds names in the text, `project` the files.
"""

from initlint.tracers.static.project import Project

__all__ = ["Project"]
