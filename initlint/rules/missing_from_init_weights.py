"""Parameter of a PreTrainedModel that `_init_weights` does not initialize

## What it does

Reports an `nn.Parameter` that no branch of `_init_weights` writes, in a model that derives from `PreTrainedModel` of
transformers and calls `post_init`; also one in a `ParameterList` or `ParameterDict`. Writes in a constructor do not
count, see below.

It is silent for

- a parameter that a branch of `_init_weights` may write, also through an unknown function
- a parameter of a nested `PreTrainedModel` whose own `_init_weights` writes it
- layers and norms that `PreTrainedModel._init_weights` initializes
- parameters listed in `_tied_weights_keys`, and parameters that no method reads
- classes that derive from a model class of transformers (`BertPreTrainedModel`) and do not write `_init_weights`, or
  call that of the library in it
- classes that replace `init_weights` or `initialize_weights`
- `modular_*.py` of transformers itself, whose classes get other base classes in the generated `modeling_*.py`

## Why is this bad?

`from_pretrained` builds the model on the device `meta`, where a constructor's values do not exist. A parameter that the
checkpoint lacks then gets memory from `torch.empty_like`, and `_init_weights` is the only code that fills it. A new
token starts with whatever that memory held: with 4.51.0, a (4, 64) query drawn with std 0.02 had std 0.95 in one run
and 4e29 in the next. In 4.50.0 and before, the values of the constructor were used.

## Bad

```python
import torch
import torch.nn as nn
from transformers import PreTrainedModel


class Tagger(PreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.proj = nn.Linear(64, 64)
        self.query = nn.Parameter(torch.zeros(1, 64))
        self.post_init()

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.02)

    def forward(self, x):
        return self.proj(x) + self.query
```

## Good

```python
import torch
import torch.nn as nn
from transformers import PreTrainedModel


class Tagger(PreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.proj = nn.Linear(64, 64)
        self.query = nn.Parameter(torch.zeros(1, 64))
        self.post_init()

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.02)
        elif isinstance(module, Tagger):
            nn.init.zeros_(module.query)

    def forward(self, x):
        return self.proj(x) + self.query
```

## References

- [`PreTrainedModel._init_weights`](https://github.com/huggingface/transformers/blob/main/src/transformers/modeling_utils.py):
  "In case a model adds an explicit `nn.Parameter`, this method should also be overridden in order to initialize it
  correctly."
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from initlint.diagnostics import Severity
from initlint.graph.model import ModelGraph
from initlint.project.source import Location
from initlint.rules._registry import Violation, rule


@rule("INI115", "missing-from-init-weights", severities=(Severity.WARNING,), needs_context=False)
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each parameter, where it is created."""
    if model.incomplete or _is_template(model.location):
        return
    for layer in model.layers:
        if layer.left_by_init_weights and not _is_template(layer.location):
            message = (
                f"`_init_weights` never writes the parameter `{layer.attribute}` of `{layer.owner}`: where a "
                f"checkpoint lacks it, `from_pretrained` leaves uninitialized memory (transformers 4.51 and newer); "
                "write it there"
            )
            yield Violation(message, layer.location, Severity.WARNING, layers=(layer.path,))


def _is_template(location: Location) -> bool:
    return Path(location.span.file).name.startswith("modular_")
