"""Searches for inputs and faults that stop a run, and for fixes that break code: `nox -s fuzz`.

Each module makes one kind of trial from a seed, so that any failure can be repeated:

- `mutations`: real files with tokens, lines, classes, bytes and line ends changed.
- `fixes`: real files with defects, whose fixes are applied one by one.
- `modules`: programs that torch builds as well: what the tracer is certain of must be so. A command of its own.

`properties` are what must hold of each input, `trials` runs them in processes with a limit and shrinks what fails.
"""
