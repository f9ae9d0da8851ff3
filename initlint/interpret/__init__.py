"""The static tracer: an abstract interpreter of Python that does with the source what torch.fx does at run time.

It runs the linted code without running it. `values` are what it computes with, `state` keeps undecided branches
apart, `scopes` are its names. `expressions` and `statements` say what Python's syntax does, `builtin_functions`
and `methods` what Python's own objects do, `modules`, `tensors`, `parameters` and `inits` what torch's do, each by
the tables of `initlint.facts`. `machine` ties them together, `tracer` chooses what to run, `extract` makes graphs
of what happened, `project` finds the files.
"""

from initlint.interpret.project import Project

__all__ = ["Project"]
