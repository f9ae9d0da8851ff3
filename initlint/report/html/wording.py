"""How the page names layers, inits and operations."""

from __future__ import annotations

from initlint.analysis.messages import activation_class_name, short_name
from initlint.graph.model import UNDETERMINED, Layer, Write

_SIZES = (
    ("in_features", "out_features"),
    ("in_channels", "out_channels"),
    ("input_size", "hidden_size"),
    ("num_embeddings", "embedding_dim"),
)
_WORDS = {
    "batch_norm": "BatchNorm",
    "group_norm": "GroupNorm",
    "instance_norm": "InstanceNorm",
    "layer_norm": "LayerNorm",
    "local_response_norm": "LocalResponseNorm",
    "rms_norm": "RMSNorm",
    "layer": "the next layer",
    "unknown": "not followed",
}


def word(op: str) -> str:
    """An operation, or what lies between two, by the name that a reader of torch code knows: `ReLU`, `BatchNorm`."""
    return _WORDS.get(op, activation_class_name(op))


def shortened(text: str, longest: int) -> str:
    """The end of a text that is too long: in a path of attributes it is what tells layers apart."""
    return text if len(text) <= longest else f"…{text[1 - longest :]}"


def shape(layer: Layer) -> str:
    """`Conv2d 64→128, 3×3, stride 2`."""
    arguments = layer.arguments
    for first, second in _SIZES:
        if first in arguments or second in arguments:
            sizes = f"{_size(arguments.get(first))}→{_size(arguments.get(second))}"
            return ", ".join((f"{layer.type} {sizes}", *_details(layer)))
    return layer.type


def _details(layer: Layer) -> list[str]:
    found = []
    kernel = layer.arguments.get("kernel_size")
    if kernel is not None:
        dimensions = int(layer.type[-2]) if layer.type[-1:] == "d" and layer.type[-2:-1].isdigit() else 1
        sizes = kernel if isinstance(kernel, tuple) else (kernel,) * dimensions
        found.append("×".join(map(_size, sizes)))
    for name in ("stride", "groups"):
        value = layer.arguments.get(name, 1)
        if value is not UNDETERMINED and value not in (1, (1,), (1, 1), (1, 1, 1)):
            found.append(f"{name} {_size(value)}")
    return found


def _size(value: object) -> str:
    return "?" if value is None or value is UNDETERMINED else str(value)


def initializer(write: Write | None) -> str:
    """`kaiming_normal_(mode='fan_out')`, or that torch's default stands."""
    if write is None:
        return "PyTorch default"
    arguments = ", ".join(f"{name}={_value(value)}" for name, value in write.arguments.items() if value is not None)
    name = short_name(write.initializer)
    return f"{name}({arguments})" if arguments else name


def _value(value: object) -> str:
    if value is UNDETERMINED:
        return "?"
    return f"{value:.3g}" if isinstance(value, float) else repr(value)
