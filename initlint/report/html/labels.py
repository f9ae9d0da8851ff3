"""Labels of layers, inits and operations on the page."""

from __future__ import annotations

from initlint.analysis.messages import activation_class_name, short_name
from initlint.graph.model import Layer, Write
from initlint.graph.words import UNDETERMINED

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


def operation_label(op: str) -> str:
    """The label of an operation, as torch names its module: `ReLU`, `BatchNorm`."""
    return _WORDS.get(op, activation_class_name(op))


def shorten(text: str, max_length: int) -> str:
    """The end of a text that is too long, because the end of an attribute path distinguishes layers."""
    return text if len(text) <= max_length else f"…{text[1 - max_length :]}"


def layer_label(layer: Layer) -> str:
    """`Conv2d 64→128, 3×3, stride 2`, or `Parameter (8, 64)`."""
    arguments = layer.arguments
    for first, second in _SIZES:
        if first in arguments or second in arguments:
            sizes = f"{_size_text(arguments.get(first))}→{_size_text(arguments.get(second))}"
            return ", ".join((f"{layer.type} {sizes}", *_details(layer)))
    shape = layer.shapes.get("weight") if layer.type == "Parameter" else None
    return f"{layer.type} ({', '.join(map(_size_text, shape))})" if shape else layer.type


def _details(layer: Layer) -> list[str]:
    details = []
    kernel = layer.arguments.get("kernel_size")
    if kernel is not None:
        dimensions = int(layer.type[-2]) if layer.type[-1:] == "d" and layer.type[-2:-1].isdigit() else 1
        sizes = kernel if isinstance(kernel, tuple) else (kernel,) * dimensions
        details.append("×".join(map(_size_text, sizes)))
    for name in ("stride", "groups"):
        value = layer.arguments.get(name, 1)
        if value is not UNDETERMINED and value not in (1, (1,), (1, 1), (1, 1, 1)):
            details.append(f"{name} {_size_text(value)}")
    return details


def _size_text(value: object) -> str:
    return "?" if value is None or value is UNDETERMINED else str(value)


def init_label(layer: Layer, write: Write | None) -> str:
    """`kaiming_normal_(mode='fan_out')`, or what the weight has without a write: "PyTorch default"."""
    if write is None and layer.uninitialized:
        return "uninitialized"
    if write is None:
        return "unknown" if layer.type == "Parameter" else "PyTorch default"
    arguments = ", ".join(
        f"{name}={_value_text(value)}" for name, value in write.arguments.items() if value is not None
    )
    name = short_name(write.initializer)
    return f"{name}({arguments})" if arguments else name


def _value_text(value: object) -> str:
    if value is UNDETERMINED:
        return "?"
    return f"{value:.3g}" if isinstance(value, float) else repr(value)
