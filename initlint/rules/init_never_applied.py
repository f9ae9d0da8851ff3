"""Init function that is never called, or an init that reaches no layer of its model

## What it does

Reports init code that never runs:

- an init function that nothing in the project calls or passes on, or that only an uncalled function uses, and a
  statement that names one without calling it (`self.init_weights`); also a method that only uses another of them
- an `isinstance` test around an init that cannot be true: for a module in a loop over `parameters()`, for a parameter
  in a loop over `modules()`, for anything in a loop over the pairs of `named_modules()`, and of `self` instead of the
  argument in a callback of `apply`
- an attribute that an init looks for with `hasattr` or `getattr`, set on a module whose layers the init visits instead
- an init behind a name that the function itself sets to False, or in the other branch of a test that is always true
  (`isinstance(m, nn.Linear) or nn.Conv2d`)
- a callback of `apply` that initializes a layer of `self` or of a function around it, and never its argument
- a loop over the modules or parameters of a model, or an `apply`, in which no init call runs for any item: it, or the
  comprehension or `filter` that lists the items, tests for a type or a name that the model does not have, `children()`
  yields only containers, a `return` ends the loop after its first item, all layers have `bias=False` where
  `m.bias is not None` is required, no layer has the attribute that is tested

All files of the project are searched for the name, including files that are not linted. The project is the folder above
the file with `pyproject.toml`, `setup.py`, `setup.cfg` or `.git`. Without one it is the folder that the file's imports
start from, or the highest of the two folders above that one with Python files or a `README`, up to a folder with
`requirements.txt`, `environment.yml`, `LICENSE` or `.gitignore`; never a home folder. Any mention counts, also as a
string, and also in configuration (`.yaml`, `.toml`, `.cfg`, `.ini`, `.json`, `.gin`), scripts and documents
(`.md`, `.rst`) of the project.

It is silent for

- methods that a base class defines or calls (`PreTrainedModel` calls `_init_weights`; list others in
  `[tool.initlint.base-classes]`), and classes with a base class that cannot be read
- classes without `forward`, decorated functions and classes, and functions in a file without classes
- public functions and methods of a library: code in a package (a folder with `__init__.py`) of a project with a
  `setup.py`, a `setup.cfg` with `[metadata]`, or a `pyproject.toml` with `[project]`, `[build-system]` or
  `[tool.poetry]`; `.git` or a `pyproject.toml` that only configures tools makes no library
- loops and `apply` over a model with a part that is not known, also one that depends on an argument, or of which one
  branch is reached
- a function that other code applies as well, and a method of a class that other files derive from
- an init of biases alone in a model without any
- a class or file with another init that is used: a function, a method, or a constructor that draws weights; also a
  script of which all models draw theirs when they are built
- a method that walks over the whole model, in a class whose constructor fills a part with pretrained weights
- a method or function of which a file of the project has a call in a comment (`# self.init_weights()` in its class,
  `# net.init_weights()` and `# net.apply(init_weights)` anywhere, unless it means another of that name)
- methods that reset a part (`reset_head`), methods that fill only buffers and other plain tensors, and an init inside
  of an unused function that gets the model from others
- code that may look the function up by a computed name (`getattr(models, name)`, `import_module(name)`,
  `globals()[name]`, `getattr(model, name)()`)

## Why is this bad?

The weights keep PyTorch's default or an earlier init, without any error: the network does not start from the init that
its code describes.

## Bad

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 10)

    def init_weights(self):
        nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x):
        return self.fc(x)
```

## Good

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 10)
        self.init_weights()

    def init_weights(self):
        nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x):
        return self.fc(x)
```

## References

- [torch.nn.Module.apply](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.apply)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.analysis.messages import conjunction
from initlint.diagnostics import Severity
from initlint.graph.mistakes import UnappliedInit
from initlint.graph.model import FileGraph
from initlint.rules._registry import Violation, rule


@rule("INI106", "init-never-applied", severities=(Severity.WARNING,), scope="file", searches="unapplied")
def check(file: FileGraph) -> Iterator[Violation]:
    """One violation for each function, test, loop and callback."""
    for unapplied in file.unapplied:
        yield Violation(_message(unapplied), unapplied.location, Severity.WARNING, owner=unapplied.owner)


def _message(unapplied: UnappliedInit) -> str:
    if unapplied.reason == "uncalled" and unapplied.cause:
        use = "use" if " and " in unapplied.cause else "uses"
        return f"`{unapplied.name}` initializes weights, but only {unapplied.cause} {use} it, which nothing calls"
    if unapplied.reason == "uncalled":
        problem = "initializes weights, but nothing in the project calls it or passes it on"
        return f"`{unapplied.name}` {problem}{_advice(unapplied)}"
    if unapplied.reason == "named":
        return f"`{unapplied.name}` is referenced but never called; add `()`"
    if unapplied.reason == "unreached":
        count = sum(number for _, number in unapplied.layers)
        layers = ", ".join(f"{name} x {number}" for name, number in unapplied.layers)
        return f"this init reaches none of the {count} layers ({layers}): {unapplied.cause}"
    if unapplied.reason == "attribute":
        layers = ", ".join(f"{name} x {number}" for name, number in unapplied.layers)
        return (
            f"`{unapplied.name}` has no effect: it is set on `{unapplied.owner}`, "
            f"but the init looks for it only on the layers inside ({layers}); set it on the layer"
        )
    if unapplied.reason == "constant":
        return f"`{unapplied.name}` is always False here, so this init never runs"
    if unapplied.reason == "always":
        return (
            f"this test is always true, because `{unapplied.name}` is, so the init of the other branch never runs; "
            f"compare each operand"
        )
    if unapplied.reason == "argument":
        return f"this init fills `{unapplied.name}` for each module, and never the argument `{unapplied.cause}`"
    if unapplied.reason == "self":
        hint = ": test the argument, which is the module that `apply` passes" if unapplied.name else ""
        return f"this test of `self` is never true in `{unapplied.owner}`, so its init never runs{hint}"
    return f"this test is never true, so its init never runs: {_LOOP_ELEMENTS[unapplied.reason].format(unapplied.name)}"


def _advice(unapplied: UnappliedInit) -> str:
    """The call that is missing, what must be corrected before, and what it would overwrite."""
    where = "at the end of `__init__`" if unapplied.owner else "where the model is built"
    write = f"write `{unapplied.call}` {where}" if unapplied.call else ""
    if unapplied.failure:
        return f", and a call would raise: {unapplied.failure}; correct that{f', then {write}' if write else ''}"
    if unapplied.overwrites:
        classes = conjunction(f"`{name}`" for name in unapplied.overwrites)
        verb = "has" if len(unapplied.overwrites) == 1 else "have"
        return f"; a call would also overwrite the init that {classes} {verb}"
    return f"; {write}" if write else ""


_LOOP_ELEMENTS = {
    "parameters": "`{}()` yields parameters, not modules; loop over `modules()`",
    "modules": "`{}` yields modules, not parameters",
    "pairs": "`{}()` yields (name, value) pairs; unpack them in the loop",
}
