"""Parameter of uninitialized memory that nothing writes to

## What it does

Reports `nn.Parameter(torch.empty(...))`, `nn.Parameter(torch.Tensor(...))` and similar parameters if no code of the
project writes to them.

- error: it is used
- warning: it is used, and code of the project or a base class may load a checkpoint
- info: nothing uses it

Also parameters in a `ParameterList` or `ParameterDict`, those that a function returns, and those that a class adds to a
layer of torch.

Also reports `to_empty` and `skip_init`, which leave the parameters of a model or layer uninitialized, if nothing fills
them afterwards.

All files of the project are searched, including files that are not linted. The project is the folder above the file
with `pyproject.toml`, `setup.py`, `setup.cfg` or `.git`. Without one it is the folder that the file's imports start
from, or the highest of the two folders above that one with Python files or a `README`, up to a folder with
`requirements.txt`, `environment.yml`, `LICENSE` or `.gitignore`; never a home folder.

It is silent if anything may write to a parameter of that name: a method of the class or of another class that has it,
a function that gets the model (unless only tests call it, or nothing), `apply` with a function of another library, a
loop over the parameters of any model that initializes them, an unknown base class from outside of the project, code
that could not be analysed. A string that only chooses the parameters for an optimizer is no write. It is also silent
for parameters that require no gradient, have size zero or are on the device `meta`, and for a single number that
nothing uses.

## Why is this bad?

`torch.empty` does not set its values. The parameter starts with whatever another tensor left in that memory: zeros in
one run, large numbers or NaN in the next (a 64 x 64 one after another full of 1e30 was freed: 1e30). No seed makes this
reproducible.

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

from initlint.analysis.messages import SHOWN, conjunction
from initlint.diagnostics import Severity
from initlint.graph.mistakes import UnwrittenParameter
from initlint.graph.model import FileGraph
from initlint.rules._registry import Violation, rule

_FATES = {
    "used": (Severity.ERROR, "it starts with whatever was in memory"),
    "loaded": (Severity.WARNING, "without a checkpoint it starts with whatever was in memory"),
    "unused": (Severity.INFO, "nothing uses it either"),
}


@rule(
    "INI108",
    "uninitialized-parameter",
    severities=(Severity.ERROR, Severity.WARNING, Severity.INFO),
    scope="file",
    searches="unwritten",
)
def check(file: FileGraph) -> Iterator[Violation]:
    """One violation for each parameter of a class."""
    for unwritten in file.unwritten:
        if unwritten.layers:
            yield Violation(_discarded(unwritten), unwritten.location, Severity.ERROR, owner=unwritten.owner)
            continue
        severity, reason = _FATES[unwritten.fate]
        parameter = f"the parameter `{unwritten.attribute}` of `{unwritten.owner}`"
        call = f"nn.init.normal_(self.{unwritten.attribute}, std=...)"
        if unwritten.in_container:
            parameter = f"this parameter in `{unwritten.attribute}` of `{unwritten.owner}`"
            call = f"for p in self.{unwritten.attribute}.parameters(): nn.init.normal_(p, std=...)"
        hint = "remove it" if unwritten.fate == "unused" else f"fill it in the constructor, as with `{call}`"
        message = f"nothing in the project initializes {parameter}: {reason}; {hint}"
        yield Violation(message, unwritten.location, severity, owner=unwritten.owner)


def _discarded(unwritten: UnwrittenParameter) -> str:
    layers = conjunction([f"`{path}`" for path in unwritten.layers[:SHOWN]])
    more = len(unwritten.layers) - SHOWN
    rest = f" and {more} more layers" if more > 0 else ""
    return (
        f"`{unwritten.attribute}` leaves {layers}{rest} of `{unwritten.owner}` with whatever was in memory, and "
        f"nothing initializes them afterwards; call `reset_parameters()` of each"
    )
