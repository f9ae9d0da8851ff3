"""The core of the abstract interpreter: evaluation, calls, undecided branches and the step budget.

An AST node and an `Environment` go in, a value comes out; side effects are recorded in the `EntryPointLog`. What each
kind of node or value does is not known here: the `Interpreter` looks it up in its `Handlers`.
"""
