"""Function of torch.nn.init under its old name, without the underscore

## What it does

Reports calls of `uniform`, `normal`, `constant`, `eye`, `dirac`, `xavier_uniform`, `xavier_normal`,
`kaiming_uniform`, `kaiming_normal`, `orthogonal` and `sparse` of `torch.nn.init`, references to them that are handed
on, and their imports.

It is silent for functions of these names that are not PyTorch's.

## Why is this bad?

The names without underscore have been deprecated since PyTorch 0.4: each call gives a FutureWarning, and one underscore
is all that is missing. They fill the tensor in place like the others, which the old name does not tell.

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

Both names are one function, so the fix is safe. A name that was imported changes with its import, in the whole file.

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


@rule("INI901", "deprecated-init", scope="file", fixable=True, in_tests=True, tags=("deprecated",))
def check(file: FileGraph) -> Iterator[Violation]:
    """One violation for each place where a deprecated name is written."""
    for reference in file.references:
        if reference.canonical not in DEPRECATED:
            continue
        old, new = short_name(reference.canonical), short_name(DEPRECATED[reference.canonical])
        if _writes(reference.location.node, old):
            message = f"`{old}` is deprecated since PyTorch 0.4; use `{new}`"
            fix = Fix(f"Use `{new}`", RenameDeprecated(reference.location.span, old, new), Applicability.SAFE)
            yield Violation(message, reference.location, Severity.INFO, fix=fix)


def _writes(node: ast.AST, name: str) -> bool:
    """Whether the name stands there itself: a local alias of it is reported where it is made."""
    if isinstance(node, ast.Call):
        return _writes(node.func, name)
    if isinstance(node, ast.Attribute):
        return node.attr == name
    if isinstance(node, ast.alias):
        return node.name == name
    return not isinstance(node, ast.Name) or node.id == name
