"""Parameter made of uninitialised memory that nothing writes to

## What it does

Reports `nn.Parameter(torch.empty(...))`, and the same with `torch.Tensor(...)` and the like, where no code of the
project writes to the parameter.

- error: it is used
- warning: it is used, and code of the project or a base class may load a checkpoint
- info: nothing uses it

All files of the project are searched, also those that are not linted: the project is the folder with
`pyproject.toml`, `setup.py`, `setup.cfg` or `.git` above the file. Without one it is the folder that the file's imports
start from, or the highest of the two above that which holds Python files or a `README`, up to one with
`requirements.txt`, `environment.yml`, `LICENSE` or `.gitignore`; never a home folder.

It is silent if anything may write to a parameter of that name: a method of the class or another class that has it, a
function that is handed the model, `apply` with a function of another library, a loop over the parameters of any model
that initialises them, a base class that is neither of the project nor known, code that is not followed.
It is silent for parameters that require no gradient, that are of size zero, or that are on the device `meta`, and for a
single number that nothing uses.

## Why is this bad?

`torch.empty` takes memory as it is. The parameter starts with what another tensor left there: zeros on one run, large
numbers or NaN on the next (a 64 x 64 one after another full of 1e30 was freed: 1e30). No seed makes that reproducible.

## Bad

```python
import torch
import torch.nn as nn


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Parameter(torch.empty(1, 64))

    def forward(self, x):
        return (x @ self.query.t()).softmax(dim=1)
```

## Good

```python
import torch
import torch.nn as nn


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Parameter(torch.empty(1, 64))
        nn.init.xavier_uniform_(self.query)

    def forward(self, x):
        return (x @ self.query.t()).softmax(dim=1)
```

## References

- [torch.empty](https://docs.pytorch.org/docs/stable/generated/torch.empty.html)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.diagnostics import Severity
from initlint.graph.model import FileGraph
from initlint.rules._registry import Violation, rule

_FATES = {
    "used": (Severity.ERROR, "it starts with whatever the memory held"),
    "loaded": (Severity.WARNING, "without a checkpoint it holds whatever the memory held"),
    "unused": (Severity.INFO, "nothing uses it either"),
}


@rule("INI108", "uninitialized-parameter", scope="file", searches="unwritten")
def check(file: FileGraph) -> Iterator[Violation]:
    """One violation for each parameter of a class."""
    for found in file.unwritten:
        severity, reason = _FATES[found.fate]
        message = f"nothing in the project initialises the parameter `{found.attribute}` of `{found.owner}`: {reason}"
        yield Violation(message, found.location, severity)
