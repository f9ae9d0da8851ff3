"""Function of torch.nn.init under its old name, without the underscore

## What it does

Reports calls, other references and imports of `uniform`, `normal`, `constant`, `eye`, `dirac`, `xavier_uniform`,
`xavier_normal`, `kaiming_uniform`, `kaiming_normal`, `orthogonal` and `sparse` of `torch.nn.init`, also where `nn` or
`init` comes from another file of the project (`from parts import *`), and as a string (`getattr(nn.init, "normal")`).

It is silent for functions of these names that are not PyTorch's.

## Why is this bad?

The names without underscore have been deprecated since PyTorch 0.4: each call emits a FutureWarning. They also change
the tensor in place, which only the trailing underscore of the new names shows.

## Bad

```python
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 10)
        nn.init.xavier_uniform(self.fc.weight)

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
        nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x):
        return self.fc(x)
```

## Fix safety

Both names are the same function, so the fix is safe. An imported name is renamed in the whole file, with its import.

## References

- [torch.nn.init](https://docs.pytorch.org/docs/stable/nn.init.html)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from initlint.analysis.messages import short_name
from initlint.diagnostics import Applicability, Fix, Severity
from initlint.facts.initializer_formulas import DEPRECATED
from initlint.graph.model import FileGraph
from initlint.rewrite.requests import RenameDeprecated
from initlint.rules._registry import Violation, rule


@rule(
    "INI901",
    "deprecated-init",
    severities=(Severity.INFO,),
    scope="file",
    fixable=True,
    in_tests=True,
    tags=("deprecated",),
)
def check(file: FileGraph) -> Iterator[Violation]:
    """One violation for each location where a deprecated name is written."""
    for reference in file.references:
        if reference.canonical not in DEPRECATED:
            continue
        old, new = short_name(reference.canonical), short_name(DEPRECATED[reference.canonical])
        if _writes(reference.location.node, old):
            message = f"`{old}` is deprecated since PyTorch 0.4; use `{new}`"
            request = RenameDeprecated(reference.location.span, old, new, reference.from_project)
            fix = Fix(f"Use `{new}`", request, Applicability.SAFE)
            yield Violation(message, reference.location, Severity.INFO, fix=fix)


def _writes(node: ast.AST, name: str) -> bool:
    """Whether the source has the name itself: a local alias of it is reported where it is defined."""
    if isinstance(node, ast.Call):
        return _writes(node.func, name)
    if isinstance(node, ast.Attribute):
        return node.attr == name
    if isinstance(node, ast.alias):
        return node.name == name
    return not isinstance(node, ast.Name) or node.id == name
