"""Random values for the integer inputs of a model: indices of the tables that they index, without padding rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from .recording import storage_key


class _Table:
    """The number of rows that an input may select, and the rows that it must not."""

    def __init__(self, rows: int, padding: int | None) -> None:
        self.rows = rows
        self.padding = set() if padding is None else {padding % rows}

    def narrow(self, other: _Table) -> None:
        self.rows = min(self.rows, other.rows)
        self.padding |= other.padding


class IndexTables(TorchFunctionMode):
    """Finds out which tables the integer tensors among `values` index, in one run of the model."""

    def __init__(self, values: Any) -> None:
        super().__init__()
        self._inputs: dict[int, torch.Tensor] = {}
        self._collect(values)
        self._tables: dict[int, _Table] = {}
        self._tables_by_size: dict[int, _Table] = {}
        """Of indices that are computed from an input, by their number: `tokens.clamp(0)`."""

    def _collect(self, value: Any) -> None:
        if isinstance(value, torch.Tensor):
            key = storage_key(value)
            if key is not None and value.dtype in (torch.int32, torch.int64):
                self._inputs[key] = value
        elif isinstance(value, dict):
            self._collect(list(value.values()))
        elif isinstance(value, (list, tuple)):
            for item in value:
                self._collect(item)

    @property
    def has_index_inputs(self) -> bool:
        """Whether there is an integer tensor."""
        return bool(self._inputs)

    def find(self, model: nn.Module, args: Any, kwargs: Any) -> None:
        """Run the model in evaluation mode, in which nothing of it changes. Where it raises, the rest is unknown."""
        modes = {module: module.training for module in model.modules()}
        model.eval()
        try:
            with torch.no_grad(), self:
                model(*args, **kwargs)
        except Exception:
            pass
        finally:
            for module, training in modes.items():
                module.training = training

    def draw(self, tensor: torch.Tensor) -> torch.Tensor:
        """Random indices in place of `tensor`; the tensor itself if it indexes no table."""
        key = storage_key(tensor)
        table = self._tables.get(-1 if key is None else key) or self._tables_by_size.get(tensor.numel())
        if table is None or tensor.dtype not in (torch.int32, torch.int64):
            return tensor
        rows = torch.tensor([row for row in range(table.rows) if row not in table.padding] or [0])
        return rows[torch.randint(len(rows), tensor.shape)].to(tensor.dtype)

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if func in (functional.embedding, functional.embedding_bag):
            given = {**_named(("input", "weight", "padding_idx"), args), **kwargs}
            padding = given.get("padding_idx") if func is functional.embedding else kwargs.get("padding_idx")
            self._add(given.get("input"), given.get("weight"), padding)
        elif func is functional.one_hot:
            given = {**_named(("input", "num_classes"), args), **kwargs}
            if given.get("num_classes", -1) > 0:
                self._add_table(given.get("input"), _Table(given["num_classes"], None))
        elif name == "__getitem__" and args[0].is_floating_point():
            self._add(args[1], args[0], None)
        return func(*args, **kwargs)

    def _add(self, index: Any, weight: Any, padding: int | None) -> None:
        if isinstance(weight, torch.Tensor) and weight.dim() and weight.shape[0]:
            self._add_table(index, _Table(weight.shape[0], padding))

    def _add_table(self, index: Any, table: _Table) -> None:
        if not isinstance(index, torch.Tensor) or index.dtype not in (torch.int32, torch.int64):
            return
        key = storage_key(index)
        if key in self._inputs:
            self._tables.setdefault(key, table).narrow(table)
        else:
            self._tables_by_size.setdefault(index.numel(), table).narrow(table)


def _named(names: Sequence[str], args: Sequence[Any]) -> dict[str, Any]:
    return {name: args[index] for index, name in enumerate(names) if index < len(args)}
