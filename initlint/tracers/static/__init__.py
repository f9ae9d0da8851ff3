"""The static tracer: an abstract interpreter for Python that builds a `ModelGraph` from source, without running it.

It constructs each model of a file by interpreting `__init__`, through base classes and imported files of the project,
records every write to a parameter in order, and interprets `forward` on a value that represents the input. A value that
it cannot determine is an `Unknown` with a reason, never a guess. Each package imports only from those before it:

- `values`: abstract values (tensors with their storage, containers, objects, functions, environments), and how two
  values join where branches meet.
- `machine`: the `Interpreter` evaluates, executes and calls within a budget of steps; `branches` keeps the two sides of
  an undecided condition apart; `pure_calls` skips calls without side effects, and `module_summaries` repeats what
  a callback of `apply` did to one layer for those like it. It reaches the packages below only
  through a table of `Handlers`.
- `tensors`: what torch does to tensors and modules: the module tree, writes to parameters, parametrizations, and the
  data flow through `forward`.
- `syntax`: one function per kind of AST node; `expressions.EVALUATE` and `statements.EXECUTE` are the dispatch tables.
- `library`: what calls and attributes mean: Python's builtins, torch's functions, modules and init calls, and all
  other libraries, by the tables of `initlint.facts`.

The modules of this package run that interpreter on a file: `project` finds and loads files, `entry_points` chooses what
to run, `run_forward` runs the models, and `layers` and `extraction` turn the result into graphs. `unreached` and
`deprecated_names` add what needs no interpretation.
"""
