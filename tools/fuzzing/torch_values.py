"""Builds and runs generated programs in torch: the process that `modules` starts.

For each program it writes the final values of each parameter, by name, as the number that all elements are (None if
they differ) and the largest absolute value; and for each layer the activations and layers that received its output.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

_SECONDS = 5
"""Of computing time, for each program."""
_ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "silu")


class _Consumers(TorchFunctionMode):
    """Records which activations and layers receive the outputs of layers."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        self.outputs: dict[int, tuple[str, Any]] = {}
        self.consumers: dict[str, list[str]] = {}

    def _weights(self) -> dict[int, str]:
        """The name of each layer by the identity of its weight, which a hook may have replaced."""
        return {id(module.weight): name for name, module in self.net.named_modules() if isinstance(module, nn.Linear)}

    def _note(self, values: Any, consumer: str) -> None:
        for value in values:
            if id(value) in self.outputs:
                name = self.outputs[id(value)][0]
                if consumer not in self.consumers[name]:
                    self.consumers[name].append(consumer)

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(function, "__name__", "")
        if name in _ACTIVATIONS:
            self._note(args[:1], name)
        layer = self._weights().get(id(args[1])) if name == "linear" else None
        if layer is not None:
            self._note(args[:1], f"layer {layer}")
            result = function(*args, **(kwargs or {}))
            self.outputs[id(result)] = (layer, result)
            self.consumers.setdefault(layer, [])
            return result
        return function(*args, **(kwargs or {}))

    def follow(self, net: nn.Module) -> dict[str, list[str]]:
        """Run the net on ones, and give the consumers of each layer, by its name."""
        every = [module for _, module in net.named_modules(remove_duplicate=False) if isinstance(module, nn.Linear)]
        if len(self._weights()) < len(every):
            return {}  # layers that share a weight cannot be told apart
        with self:
            net(torch.ones(2, 4, requires_grad=True))
        return self.consumers


def _values(net: nn.Module) -> dict[str, Any]:
    values = {}
    for name, parameter in net.named_parameters(remove_duplicate=False):
        data = parameter.detach().float().flatten()
        constant = data[0].item() if len(data) and bool((data == data[0]).all()) else None
        values[name] = (constant, data.abs().max().item())
    return values


def _run(text: str) -> dict[str, Any]:
    torch.manual_seed(0)
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(text, "<generated>", "exec"), namespace)
    net = namespace.get("net") or namespace["Net"]()
    values = _values(net)
    try:
        consumers = _Consumers(net).follow(net)
    except Exception:
        consumers = {}
    return {"values": values, "consumers": consumers}


def _interrupt(*args: object) -> None:
    raise TimeoutError


def main() -> None:
    """Run the programs of the file that is the first argument; write the results to the second."""
    signal.signal(signal.SIGVTALRM, _interrupt)
    torch.set_num_threads(1)
    results = []
    for text in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
        try:
            results.append(_run(text))
        except BaseException as error:
            results.append({"error": f"{type(error).__name__}: {error}"})
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    Path(sys.argv[2]).write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main()
