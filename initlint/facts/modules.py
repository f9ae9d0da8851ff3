"""The modules of torch.nn: their roles in the data flow, their constructors and their base classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from initlint._records import dataclass
from initlint.facts.signatures import REQUIRED, Signature, signature

__all__ = ["BASES", "CHILDREN", "MODULES", "REQUIRED", "Family", "Role", "TorchModule"]


Role: TypeAlias = Literal["layer", "norm", "activation", "pool", "transparent", "container", "loss", "opaque"]
"""`layer`: owns a weight. `transparent`: keeps the distribution of the signal. `opaque`: several layers in one, or no
function of one signal."""

Family: TypeAlias = Literal["", "linear", "conv", "conv_transpose", "bilinear", "embedding", "rnn", "attention", "norm"]
"""What the parameters of a module have in common; empty for modules without any."""


@dataclass(frozen=True)
class TorchModule:
    """A class of torch.nn.

    `between`: the word for it in `Consumer.between`, None if it is not listed there.
    """

    type: str
    role: Role
    signature: Signature
    family: Family = ""
    between: str | None = None


_FACTORY: dict[str, object] = {"device": None, "dtype": None}
_CONV: dict[str, object] = {
    **{"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True, "padding_mode": "zeros"},
    **_FACTORY,
}
_CONV_TRANSPOSE: dict[str, object] = {
    **{"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "bias": True, "dilation": 1},
    **{"padding_mode": "zeros", **_FACTORY},
}
_RNN: dict[str, object] = {"batch_first": False, "dropout": 0.0, "bidirectional": False}
_BATCH_NORM: dict[str, object] = {"eps": 1e-5, "momentum": 0.1, "affine": True, "track_running_stats": True}
_INSTANCE_NORM: dict[str, object] = {"eps": 1e-5, "momentum": 0.1, "affine": False, "track_running_stats": False}
_TRANSFORMER_LAYER: dict[str, object] = {
    **{"dim_feedforward": 2048, "dropout": 0.1, "activation": "relu", "layer_norm_eps": 1e-5},
    **{"batch_first": False, "norm_first": False, "bias": True, **_FACTORY},
}
_REDUCTION: dict[str, object] = {"size_average": None, "reduce": None, "reduction": "mean"}
_DIMENSIONS = (1, 2, 3)


def _layers() -> Iterator[TorchModule]:
    def layer(type: str, family: Family, parameters: Signature) -> TorchModule:
        return TorchModule(type, "layer", parameters, family)

    yield layer("Linear", "linear", signature("in_features out_features", bias=True, **_FACTORY))
    yield layer("LazyLinear", "linear", signature("out_features", bias=True, **_FACTORY))
    yield layer("Bilinear", "bilinear", signature("in1_features in2_features out_features", bias=True, **_FACTORY))
    for d in _DIMENSIONS:
        yield layer(f"Conv{d}d", "conv", signature("in_channels out_channels kernel_size", **_CONV))
        yield layer(f"LazyConv{d}d", "conv", signature("out_channels kernel_size", **_CONV))
        transposed = signature("in_channels out_channels kernel_size", **_CONV_TRANSPOSE)
        yield layer(f"ConvTranspose{d}d", "conv_transpose", transposed)
        yield layer(f"LazyConvTranspose{d}d", "conv_transpose", transposed[1:])
    yield layer(
        "Embedding",
        "embedding",
        signature(
            "num_embeddings embedding_dim",
            **{"padding_idx": None, "max_norm": None, "norm_type": 2.0, "scale_grad_by_freq": False, "sparse": False},
            **{"_weight": None, "_freeze": False, **_FACTORY},
        ),
    )
    yield layer(
        "EmbeddingBag",
        "embedding",
        signature(
            "num_embeddings embedding_dim",
            **{"max_norm": None, "norm_type": 2.0, "scale_grad_by_freq": False, "mode": "mean", "sparse": False},
            **{"_weight": None, "include_last_offset": False, "padding_idx": None, **_FACTORY},
        ),
    )
    sizes = "input_size hidden_size"
    yield layer("RNN", "rnn", signature(sizes, num_layers=1, nonlinearity="tanh", bias=True, **_RNN, **_FACTORY))
    yield layer("LSTM", "rnn", signature(sizes, num_layers=1, bias=True, **_RNN, proj_size=0, **_FACTORY))
    yield layer("GRU", "rnn", signature(sizes, num_layers=1, bias=True, **_RNN, **_FACTORY))
    yield layer("RNNBase", "rnn", signature(f"mode {sizes}", num_layers=1, bias=True, **_RNN, proj_size=0, **_FACTORY))
    yield layer("RNNCell", "rnn", signature(sizes, bias=True, nonlinearity="tanh", **_FACTORY))
    yield layer("LSTMCell", "rnn", signature(sizes, bias=True, **_FACTORY))
    yield layer("GRUCell", "rnn", signature(sizes, bias=True, **_FACTORY))
    yield layer("RNNCellBase", "rnn", signature(f"{sizes} bias num_chunks", **_FACTORY))
    yield layer(
        "MultiheadAttention",
        "attention",
        signature(
            "embed_dim num_heads",
            **{"dropout": 0.0, "bias": True, "add_bias_kv": False, "add_zero_attn": False},
            **{"kdim": None, "vdim": None, "batch_first": False, **_FACTORY},
        ),
    )


def _norms() -> Iterator[TorchModule]:
    def norm(type: str, between: str, parameters: Signature) -> TorchModule:
        return TorchModule(type, "norm", parameters, "norm", between)

    for d in _DIMENSIONS:
        batch_norm = signature("num_features", **_BATCH_NORM, **_FACTORY, bias=True)
        yield norm(f"BatchNorm{d}d", "batch_norm", batch_norm)
        yield norm(f"LazyBatchNorm{d}d", "batch_norm", batch_norm[1:])
        instance_norm = signature("num_features", **_INSTANCE_NORM, **_FACTORY, bias=True)
        yield norm(f"InstanceNorm{d}d", "instance_norm", instance_norm)
        # Unlike InstanceNorm itself, its lazy form is affine by default.
        yield norm(f"LazyInstanceNorm{d}d", "instance_norm", batch_norm[1:])
    synchronised = signature("num_features", **_BATCH_NORM, process_group=None, **_FACTORY, bias=True)
    yield norm("SyncBatchNorm", "batch_norm", synchronised)
    layer_norm = signature("normalized_shape", eps=1e-5, elementwise_affine=True, bias=True, **_FACTORY)
    yield norm("LayerNorm", "layer_norm", layer_norm)
    group_norm = signature("num_groups num_channels", eps=1e-5, affine=True, **_FACTORY, bias=True)
    yield norm("GroupNorm", "group_norm", group_norm)
    yield norm("RMSNorm", "rms_norm", signature("normalized_shape", eps=None, elementwise_affine=True, **_FACTORY))
    yield norm("LocalResponseNorm", "local_response_norm", signature("size", alpha=1e-4, beta=0.75, k=1.0))
    yield norm("CrossMapLRN2d", "local_response_norm", signature("size", alpha=1e-4, beta=0.75, k=1))


def _activations() -> Iterator[TorchModule]:
    inplace = signature(inplace=False)
    dim = signature(dim=None)
    parameters: Mapping[str, Signature] = {
        "CELU": signature(alpha=1.0, inplace=False),
        "ELU": signature(alpha=1.0, inplace=False),
        "GELU": signature(approximate="none"),
        "GLU": signature(dim=-1),
        "Hardshrink": signature(lambd=0.5),
        "Hardsigmoid": inplace,
        "Hardswish": inplace,
        "Hardtanh": signature(min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None),
        "LeakyReLU": signature(negative_slope=0.01, inplace=False),
        "LogSigmoid": (),
        "LogSoftmax": dim,
        "Mish": inplace,
        "PReLU": signature(num_parameters=1, init=0.25, **_FACTORY),
        "RReLU": signature(lower=1 / 8, upper=1 / 3, inplace=False),
        "ReLU": inplace,
        "ReLU6": inplace,
        "SELU": inplace,
        "SiLU": inplace,
        "Sigmoid": (),
        "Softmax": dim,
        "Softmax2d": (),
        "Softmin": dim,
        "Softplus": signature(beta=1.0, threshold=20.0),
        "Softshrink": signature(lambd=0.5),
        "Softsign": (),
        "Tanh": (),
        "Tanhshrink": (),
        "Threshold": signature("threshold value", inplace=False),
    }
    for type, parameter in parameters.items():
        yield TorchModule(type, "activation", parameter)


def _pools() -> Iterator[TorchModule]:
    def pool(type: str, parameters: Signature) -> TorchModule:
        return TorchModule(type, "pool", parameters, between="pool")

    windows: dict[str, object] = {"stride": None, "padding": 0}
    for d in _DIMENSIONS:
        average = signature("kernel_size", **windows, ceil_mode=False, count_include_pad=True, divisor_override=None)
        yield pool(f"AvgPool{d}d", average[:-1] if d == 1 else average)
        yield pool(
            f"MaxPool{d}d", signature("kernel_size", **windows, dilation=1, return_indices=False, ceil_mode=False)
        )
        yield pool(f"MaxUnpool{d}d", signature("kernel_size", **windows))
        yield pool(f"LPPool{d}d", signature("norm_type kernel_size", stride=None, ceil_mode=False))
        yield pool(f"AdaptiveAvgPool{d}d", signature("output_size"))
        yield pool(f"AdaptiveMaxPool{d}d", signature("output_size", return_indices=False))
    for d in (2, 3):
        yield pool(
            f"FractionalMaxPool{d}d",
            signature("kernel_size", output_size=None, output_ratio=None, return_indices=False, _random_samples=None),
        )


def _transparent() -> Iterator[TorchModule]:
    def transparent(type: str, parameters: Signature) -> TorchModule:
        return TorchModule(type, "transparent", parameters)

    dropout = signature(p=0.5, inplace=False)
    for type in ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"):
        yield transparent(type, dropout)
    for d in _DIMENSIONS:
        for kind in ("Circular", "Reflection", "Replication", "Zero"):
            yield transparent(f"{kind}Pad{d}d", signature("padding"))
        yield transparent(f"ConstantPad{d}d", signature("padding value"))
    yield transparent("Identity", ())
    yield transparent("Flatten", signature(start_dim=1, end_dim=-1))
    yield transparent("Unflatten", signature("dim unflattened_size"))
    yield transparent("ChannelShuffle", signature("groups"))
    yield transparent("PixelShuffle", signature("upscale_factor"))
    yield transparent("PixelUnshuffle", signature("downscale_factor"))
    yield transparent("Fold", signature("output_size kernel_size", dilation=1, padding=0, stride=1))
    yield transparent("Unfold", signature("kernel_size", dilation=1, padding=0, stride=1))
    size: dict[str, object] = {"size": None, "scale_factor": None}
    yield transparent("Upsample", signature(**size, mode="nearest", align_corners=None, recompute_scale_factor=None))
    yield transparent("UpsamplingBilinear2d", signature(**size))
    yield transparent("UpsamplingNearest2d", signature(**size))


def _containers() -> Iterator[TorchModule]:
    for type in ("Module", "Container", "Sequential"):
        yield TorchModule(type, "container", ())
    yield TorchModule("ModuleList", "container", signature(modules=None))
    yield TorchModule("ModuleDict", "container", signature(modules=None))
    yield TorchModule("ParameterList", "container", signature(values=None))
    yield TorchModule("ParameterDict", "container", signature(parameters=None))


def _losses() -> Iterator[TorchModule]:
    averages: dict[str, object] = {"size_average": None, "reduce": None}
    parameters: Mapping[str, Signature] = {
        "AdaptiveLogSoftmaxWithLoss": signature(
            "in_features n_classes cutoffs", div_value=4.0, head_bias=False, **_FACTORY
        ),
        "BCELoss": signature(weight=None, **_REDUCTION),
        "BCEWithLogitsLoss": signature(weight=None, **_REDUCTION, pos_weight=None),
        "CTCLoss": signature(blank=0, reduction="mean", zero_infinity=False),
        "CosineEmbeddingLoss": signature(margin=0.0, **_REDUCTION),
        "CrossEntropyLoss": signature(
            weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0
        ),
        "GaussianNLLLoss": signature(full=False, eps=1e-6, reduction="mean"),
        "HingeEmbeddingLoss": signature(margin=1.0, **_REDUCTION),
        "HuberLoss": signature(reduction="mean", delta=1.0),
        "KLDivLoss": signature(**_REDUCTION, log_target=False),
        "L1Loss": signature(**_REDUCTION),
        "LinearCrossEntropyLoss": signature(
            "in_features num_classes",
            **{"out_features": (), "bias": False, **_FACTORY, "reduction": "mean", "weight": None},
            **{"ignore_index": None, "label_smoothing": 0.0, "options": None},
        ),
        "MSELoss": signature(**_REDUCTION),
        "MarginRankingLoss": signature(margin=0.0, **_REDUCTION),
        "MultiLabelMarginLoss": signature(**_REDUCTION),
        "MultiLabelSoftMarginLoss": signature(weight=None, **_REDUCTION),
        "MultiMarginLoss": signature(p=1, margin=1.0, weight=None, **_REDUCTION),
        "NLLLoss": signature(weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"),
        "NLLLoss2d": signature(weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"),
        "PoissonNLLLoss": signature(
            log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"
        ),
        "SmoothL1Loss": signature(**_REDUCTION, beta=1.0),
        "SoftMarginLoss": signature(**_REDUCTION),
        "TripletMarginLoss": signature(margin=1.0, p=2.0, eps=1e-6, swap=False, **averages, reduction="mean"),
        "TripletMarginWithDistanceLoss": signature(distance_function=None, margin=1.0, swap=False, reduction="mean"),
    }
    for type, parameter in parameters.items():
        yield TorchModule(type, "loss", parameter)


def _opaque() -> Iterator[TorchModule]:
    parameters: Mapping[str, Signature] = {
        "CosineSimilarity": signature(dim=1, eps=1e-8),
        "DataParallel": signature("module", device_ids=None, output_device=None, dim=0),
        "PairwiseDistance": signature(p=2.0, eps=1e-6, keepdim=False),
        "Transformer": signature(
            d_model=512,
            nhead=8,
            num_encoder_layers=6,
            num_decoder_layers=6,
            **{"dim_feedforward": 2048, "dropout": 0.1, "activation": "relu"},
            **{"custom_encoder": None, "custom_decoder": None, "layer_norm_eps": 1e-5},
            **{"batch_first": False, "norm_first": False, "bias": True, **_FACTORY},
        ),
        "TransformerDecoder": signature("decoder_layer num_layers", norm=None),
        "TransformerDecoderLayer": signature("d_model nhead", **_TRANSFORMER_LAYER),
        "TransformerEncoder": signature(
            "encoder_layer num_layers", norm=None, enable_nested_tensor=True, mask_check=True
        ),
        "TransformerEncoderLayer": signature("d_model nhead", **_TRANSFORMER_LAYER),
    }
    for type, parameter in parameters.items():
        yield TorchModule(type, "opaque", parameter)


MODULES: Mapping[str, TorchModule] = MappingProxyType(
    {
        f"torch.nn.{module.type}": module
        for table in (_layers, _norms, _activations, _pools, _transparent, _containers, _losses, _opaque)
        for module in table()
    }
)
"""Every public module of torch.nn by its canonical name."""

_ANY_NUMBER = frozenset({"mode", "bias", "num_heads"})
"""Required arguments of layers that may be no whole numbers."""


def whole_numbers(module: TorchModule) -> frozenset[str]:
    """The arguments of a layer's constructor for which it raises TypeError if they are floats: sizes of its weights."""
    if module.role != "layer" or module.type.startswith("Lazy"):
        return frozenset()
    return frozenset(name for name, default in module.signature if default is REQUIRED) - _ANY_NUMBER


CHILDREN: Mapping[str, Mapping[str, str]] = MappingProxyType({"MultiheadAttention": {"out_proj": "torch.nn.Linear"}})
"""By type: the submodules with a weight that torch creates, from attribute to canonical name."""

_SUBCLASSES: Mapping[str, str] = MappingProxyType(
    {
        "torch.nn.Conv1d": "LazyConv1d",
        "torch.nn.Conv2d": "LazyConv2d",
        "torch.nn.Conv3d": "LazyConv3d",
        "torch.nn.ConvTranspose1d": "LazyConvTranspose1d",
        "torch.nn.ConvTranspose2d": "LazyConvTranspose2d",
        "torch.nn.ConvTranspose3d": "LazyConvTranspose3d",
        "torch.nn.ConstantPad1d": "ZeroPad1d",
        "torch.nn.ConstantPad2d": "ZeroPad2d",
        "torch.nn.ConstantPad3d": "ZeroPad3d",
        "torch.nn.Hardtanh": "ReLU6",
        "torch.nn.Linear": "LazyLinear",
        "torch.nn.NLLLoss": "NLLLoss2d",
        "torch.nn.RNNBase": "RNN LSTM GRU",
        "torch.nn.RNNCellBase": "RNNCell LSTMCell GRUCell",
        "torch.nn.Upsample": "UpsamplingBilinear2d UpsamplingNearest2d",
        "torch.nn.modules.batchnorm._BatchNorm": "BatchNorm#d LazyBatchNorm#d SyncBatchNorm",
        "torch.nn.modules.batchnorm._LazyNormBase": "LazyBatchNorm#d LazyInstanceNorm#d",
        "torch.nn.modules.batchnorm._NormBase": (
            "BatchNorm#d LazyBatchNorm#d SyncBatchNorm InstanceNorm#d LazyInstanceNorm#d"
        ),
        "torch.nn.modules.conv._ConvNd": "Conv#d ConvTranspose#d LazyConv#d LazyConvTranspose#d",
        "torch.nn.modules.conv._ConvTransposeNd": "ConvTranspose#d LazyConvTranspose#d",
        "torch.nn.modules.conv._LazyConvXdMixin": "LazyConv#d LazyConvTranspose#d",
        "torch.nn.modules.dropout._DropoutNd": "Dropout Dropout#d AlphaDropout FeatureAlphaDropout",
        "torch.nn.modules.instancenorm._InstanceNorm": "InstanceNorm#d LazyInstanceNorm#d",
        "torch.nn.modules.lazy.LazyModuleMixin": (
            "LazyLinear LazyConv#d LazyConvTranspose#d LazyBatchNorm#d LazyInstanceNorm#d"
        ),
        "torch.nn.modules.padding._CircularPadNd": "CircularPad#d",
        "torch.nn.modules.padding._ConstantPadNd": "ConstantPad#d ZeroPad#d",
        "torch.nn.modules.padding._ReflectionPadNd": "ReflectionPad#d",
        "torch.nn.modules.padding._ReplicationPadNd": "ReplicationPad#d",
        "torch.nn.modules.pooling._AdaptiveAvgPoolNd": "AdaptiveAvgPool#d",
        "torch.nn.modules.pooling._AdaptiveMaxPoolNd": "AdaptiveMaxPool#d",
        "torch.nn.modules.pooling._AvgPoolNd": "AvgPool#d",
        "torch.nn.modules.pooling._LPPoolNd": "LPPool#d",
        "torch.nn.modules.pooling._MaxPoolNd": "MaxPool#d",
        "torch.nn.modules.pooling._MaxUnpoolNd": "MaxUnpool#d",
    }
)
"""A class to all modules derived from it; `#` is 1, 2 or 3. Without losses."""


def _bases() -> Mapping[str, frozenset[str]]:
    bases_by_name: dict[str, set[str]] = {name: set() for name in MODULES}
    for base, subclasses in _SUBCLASSES.items():
        for subclass in subclasses.split():
            for d in "123" if "#" in subclass else "#":
                bases_by_name[f"torch.nn.{subclass.replace('#', d)}"].add(base)
    return MappingProxyType(
        {name: frozenset({*bases, "torch.nn.Module"} - {name}) for name, bases in bases_by_name.items()}
    )


BASES: Mapping[str, frozenset[str]] = _bases()
"""By canonical name: the canonical names of all base classes, for `isinstance`. For losses only `torch.nn.Module`."""
