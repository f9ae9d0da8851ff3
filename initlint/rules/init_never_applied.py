"""Init function that nothing applies, or an init behind a test that never holds

## What it does

Reports init code that is never reached:

- an init function that nothing in the project calls or passes on, and one that stands as a statement without being
  called (`self.init_weights`)
- an `isinstance` test around an init that cannot hold: a module tested for in a loop over `parameters()`, a parameter
  in a loop over `modules()`, anything in a loop over the pairs of `named_modules()`, and `self` in a callback of
  `apply` where its argument is meant

All files of the project are searched for the name, also those that are not linted: the project is the folder with
`pyproject.toml`, `setup.py`, `setup.cfg` or `.git` above the file. Without one it is the folder that the file's imports
start from, or the highest of the two above that which holds Python files or a `README`, up to one with
`requirements.txt`, `environment.yml`, `LICENSE` or `.gitignore`; never a home folder. Any mention counts, also as a
string, and also in configuration (`.yaml`, `.toml`, `.cfg`, `.ini`, `.json`, `.gin`), in scripts and in documents
(`.md`, `.rst`) of the project.

It is silent for methods that a base class defines or calls (`PreTrainedModel` calls `_init_weights`; name others in
`[tool.initlint.base-classes]`), for a base class that cannot be read, for a class without `forward`, for the public
functions and methods of a library, for a decorated function or class, where the same class or file has another init
function that is used, where code takes the function by a name that it does not spell out (`getattr(models, name)`,
`import_module(name)`, `globals()[name]`, `getattr(model, name)()`), and for functions in a file without classes.

## Why is this bad?

The weights keep PyTorch's default, or what was set before, and no error says so: the network trains from another start
than the one that was written down.

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

from initlint.diagnostics import Severity
from initlint.graph.model import FileGraph, UnappliedInit
from initlint.rules._registry import Violation, rule


@rule("INI106", "init-never-applied", scope="file", searches="unapplied")
def check(file: FileGraph) -> Iterator[Violation]:
    """One violation for each function, and one for each test."""
    for unapplied in file.unapplied:
        yield Violation(_message(unapplied), unapplied.location, Severity.WARNING)


def _message(found: UnappliedInit) -> str:
    if found.reason == "uncalled":
        return f"`{found.name}` initialises weights, but nothing in the project calls it or passes it on"
    if found.reason == "named":
        return f"`{found.name}` is named here and not called, and nothing else calls it: its init never runs"
    if found.reason == "self":
        handed = ": the module that `apply` hands over is its argument" if found.name else ""
        return f"this test of `self` never holds in `{found.owner}`, so its init never runs{handed}"
    return f"this test never holds, so its init never runs: {_HANDED[found.reason].format(found.name)}"


_HANDED = {
    "parameters": "`{}()` gives parameters, not modules; loop over `modules()`",
    "modules": "`{}` gives modules, not parameters",
    "pairs": "`{}()` gives pairs of a name and a value; take them apart in the loop",
}
