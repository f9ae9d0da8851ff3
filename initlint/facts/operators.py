"""The operators of torch: arithmetic by all its names, and transparent operators, modifiers and sinks.

A transparent operator keeps the distribution of the signal. A modifier is listed in `Consumer.between`. A sink ends the
path: nothing is known of its result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

ARITHMETIC = {
    **dict.fromkeys(("add", "iadd", "__add__", "__radd__", "__iadd__", "add_"), "add"),
    **dict.fromkeys(("sub", "isub", "subtract", "rsub", "__sub__", "__rsub__", "__isub__", "sub_", "subtract_"), "add"),
    **dict.fromkeys(("mul", "imul", "multiply", "__mul__", "__rmul__", "__imul__", "mul_", "multiply_"), "mul"),
    **dict.fromkeys(("div", "divide", "true_divide", "truediv", "itruediv", "div_", "divide_", "true_divide_"), "mul"),
    **dict.fromkeys(("__div__", "__rdiv__", "__truediv__", "__rtruediv__", "__itruediv__"), "mul"),
    **dict.fromkeys(("matmul", "imatmul", "__matmul__", "__rmatmul__", "mm", "bmm", "mv"), "matmul"),
    **dict.fromkeys(("neg", "__neg__", "negative"), "neg"),
    **dict.fromkeys(("pow", "ipow", "__pow__", "__rpow__", "__ipow__", "pow_"), "pow"),
    **dict.fromkeys(("mod", "imod", "remainder", "__mod__"), "remainder"),
    **dict.fromkeys(("floordiv", "ifloordiv", "floor_divide", "__floordiv__", "__rfloordiv__"), "floor_divide"),
}
"""By name: one word for the operator."""

WITH_NUMBER = {"add": "shift", "mul": "scale"}
"""The modifier if only one side is data."""


__all__ = [
    "COPYING_FUNCTIONS",
    "COPYING_METHODS",
    "EXTERNAL_MODULES",
    "IN_PLACE_METHODS",
    "MATRIX_TRANSPOSING_METHODS",
    "METADATA_ATTRIBUTES",
    "MODIFIER_FUNCTIONS",
    "MODIFIER_METHODS",
    "REVERSING_METHODS",
    "SAME_SHAPE_METHODS",
    "SHAPE_METHODS",
    "SINK_FUNCTIONS",
    "SINK_METHODS",
    "SPLITTING_METHODS",
    "TRACKED_VIEWS",
    "TRANSPARENT_FUNCTIONS",
    "TRANSPARENT_METHODS",
    "TRANSPOSING_METHODS",
    "VIEW_ATTRIBUTES",
    "WEIGHTED_FUNCTIONS",
    "pooling",
]


def _words(text: str, prefix: str = "") -> tuple[str, ...]:
    return tuple(prefix + word for word in text.split())


def _table(prefix: str, groups: Mapping[str, str]) -> dict[str, str]:
    """Invert `groups`, from a word to the names that have it, separated by blanks."""
    return {prefix + name: word for word, names in groups.items() for name in names.split()}


_F = "torch.nn.functional."

_TRANSPOSING = "moveaxis movedim permute swapaxes swapdims t transpose"
_COPYING = "clone flip fliplr flipud repeat_interleave roll rot90 tile"
_RESHAPING = (
    f"{_TRANSPOSING} {_COPYING} broadcast_to detach flatten masked_fill nan_to_num ravel reshape squeeze unflatten "
    "unsqueeze"
)

SAME_SHAPE_METHODS = frozenset(
    "bfloat16 clone contiguous cpu cuda data detach double float half real to type type_as xpu".split()
)
"""Methods and attributes with the same elements at the same indices."""

REVERSING_METHODS = frozenset({"H", "T", "adjoint", "t"})
"""Those that swap the axes of a matrix; `adjoint` also takes tensors of more dimensions."""

MATRIX_TRANSPOSING_METHODS = frozenset({"adjoint", "mH", "mT"})
"""Those that swap the last two axes."""

TRANSPOSING_METHODS = REVERSING_METHODS | MATRIX_TRANSPOSING_METHODS | frozenset(_TRANSPOSING.split())
"""Views with another order of the elements, which `contiguous` copies."""

VIEW_ATTRIBUTES = frozenset({"H", "T", "data", "mH", "mT", "real"})
"""Attributes that share the memory of the tensor."""

TRACKED_VIEWS = frozenset(
    "T mT mH H real view view_as reshape flatten unflatten t transpose permute squeeze unsqueeze swapaxes swapdims "
    "movedim diagonal expand expand_as".split()
)
"""Views, as methods and attributes, that autograd records: in-place writes to them raise as those to the leaf do."""

IN_PLACE_METHODS = frozenset(
    "abs_ add_ addcdiv_ addcmul_ addmm_ clamp_ clamp_max_ clamp_min_ copy_ cos_ div_ divide_ exp_ fill_diagonal_ "
    "floor_ fmod_ index_add_ index_copy_ index_fill_ index_put_ lerp_ log_ masked_fill_ masked_scatter_ mul_ multiply_ "
    "nan_to_num_ neg_ pow_ put_ reciprocal_ relu_ renorm_ round_ scatter_ scatter_add_ sigmoid_ sign_ sin_ sqrt_ "
    "square_ squeeze_ sub_ subtract_ t_ tanh_ transpose_ tril_ triu_ true_divide_ unsqueeze_ "
    "bernoulli_ cauchy_ clip_ erfinv_ exponential_ geometric_ log_normal_ random_".split()
)
"""Methods that change a tensor in place and raise for a leaf that requires grad. Those that initialize are in
`initializer_formulas.METHODS`."""

COPYING_METHODS = frozenset({*_COPYING.split(), "repeat"})
"""Methods that return the same elements in new memory."""

COPYING_FUNCTIONS = frozenset(_words(_COPYING, "torch."))

TRANSPARENT_FUNCTIONS = frozenset(
    (
        *_words(_RESHAPING, "torch."),
        *_words("adjoint alpha_dropout atleast_1d atleast_2d atleast_3d channel_shuffle", "torch."),
        *_words("constant_pad_nd dropout feature_alpha_dropout feature_dropout", "torch."),
        *_words("pixel_shuffle pixel_unshuffle", "torch."),
        *_words("alpha_dropout dropout dropout1d dropout2d dropout3d feature_alpha_dropout", _F),
        *_words("channel_shuffle fold interpolate pad pixel_shuffle pixel_unshuffle unfold", _F),
        *_words("upsample upsample_bilinear upsample_nearest", _F),
        *_words("einops.rearrange einops.repeat einops.einops.rearrange einops.einops.repeat"),
        "torchvision.ops.stochastic_depth",
        "torchvision.ops.drop_block2d",
        "timm.layers.drop_path",
        "timm.models.layers.drop_path",
    )
)
"""By canonical name."""

TRANSPARENT_METHODS = frozenset(
    (
        *_words(_RESHAPING),
        *SAME_SHAPE_METHODS,
        *TRANSPOSING_METHODS,
        *COPYING_METHODS,
        *_words("as_strided detach_ expand expand_as masked_fill_ nan_to_num_ pin_memory requires_grad_ reshape_as"),
        *_words("resize_ resolve_conj squeeze_ swapaxes_ swapdims_ t_ to_dense to_padded_tensor transpose_ unfold"),
        *_words("unsqueeze_ view view_as"),
    )
)
"""The same for methods and attributes of a tensor."""

_POOLING = "amax amin logsumexp max mean median min nanmean nansum prod std sum var"
_SPLITTING = (
    "chunk dsplit hsplit index_select narrow select split split_with_sizes tensor_split unbind unsafe_chunk "
    "unsafe_split vsplit"
)
SPLITTING_METHODS = frozenset(_SPLITTING.split()) - {"index_select"}
"""Methods that return views of parts of a tensor."""

_ARITHMETIC = {
    "add": "add sub subtract",
    "mul": "mul multiply div divide true_divide",
    "scale": "neg negative",
    "chunk": _SPLITTING,
    "pool": _POOLING,
}
_WINDOWS = (
    "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d "
    "adaptive_max_pool3d avg_pool1d avg_pool2d avg_pool3d fractional_max_pool2d fractional_max_pool3d lp_pool1d "
    "lp_pool2d lp_pool3d max_pool1d max_pool2d max_pool3d max_unpool1d max_unpool2d max_unpool3d"
)

MODIFIER_FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        **_table("torch.", _ARITHMETIC),
        **_table(
            "torch.",
            {
                "concat": "cat column_stack concat concatenate dstack hstack row_stack stack vstack",
                "add": "rsub",
                "mul": "addcmul",
                "batch_norm": "batch_norm",
                "layer_norm": "layer_norm",
                "group_norm": "group_norm",
                "instance_norm": "instance_norm",
                "rms_norm": "rms_norm",
                "pool": "adaptive_avg_pool1d adaptive_max_pool1d avg_pool1d max_pool1d max_pool2d max_pool3d",
            },
        ),
        **_table(
            _F,
            {
                "pool": _WINDOWS,
                "batch_norm": "batch_norm",
                "layer_norm": "layer_norm",
                "group_norm": "group_norm",
                "instance_norm": "instance_norm",
                "rms_norm": "rms_norm",
                "local_response_norm": "local_response_norm",
                "normalize": "normalize",
            },
        ),
        "einops.einops.reduce": "pool",
        "einops.pack": "concat",
        "einops.reduce": "pool",
        "einops.unpack": "chunk",
    }
)
"""Canonical name to the word in `Consumer.between`."""

MODIFIER_METHODS: Mapping[str, str] = MappingProxyType(
    {
        **_table("", _ARITHMETIC),
        **_table(
            "",
            {
                "add": "add_ sub_ subtract_",
                "mul": "mul_ multiply_ div_ divide_ true_divide_ addcmul addcmul_",
                "scale": "neg_ negative_",
            },
        ),
    }
)
"""Method of a tensor to the word in `Consumer.between`."""

_ENDING = {
    "matmul": "addbmm addmm addmv baddbmm bmm dot inner matmul mm mv outer vdot",
    "clamp": "clamp clamp_max clamp_min clip",
    "exp": "exp exp2 expm1",
    "log": "log log10 log1p log2 logit",
    "pow": "pow square",
    "sqrt": "rsqrt sqrt reciprocal",
    "abs": "abs absolute",
    "cos": "cos",
    "atan": "arctan arctan2 atan atan2",
    "erf": "erf erfc erfinv",
    "round": "ceil floor frac fix round sign trunc",
    "argmax": "argmax argmin argsort",
    "topk": "kthvalue msort multinomial sort topk",
    "bernoulli": "bernoulli",
    "cumsum": "cummax cummin cumprod cumsum logcumsumexp",
    "compare": "eq ge greater greater_equal gt isclose isfinite isinf isnan le less less_equal logical_and logical_not "
    "logical_or lt ne not_equal",
    "maximum": "fmax fmin maximum minimum",
    "where": "where",
    "gather": "gather index_add index_copy masked_scatter masked_select scatter scatter_add scatter_reduce take "
    "take_along_dim",
    "norm": "dist norm renorm",
    "diag": "diag diag_embed diagonal trace tril triu",
    "cross": "cross kron",
    "lerp": "lerp",
}

_LOSSES = (
    "binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy ctc_loss "
    "gaussian_nll_loss hinge_embedding_loss huber_loss kl_div l1_loss linear_cross_entropy margin_ranking_loss "
    "mse_loss multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss nll_loss poisson_nll_loss "
    "smooth_l1_loss soft_margin_loss triplet_margin_loss triplet_margin_with_distance_loss"
)

_DISTRIBUTIONS = (
    "Bernoulli Beta Binomial Categorical Cauchy Chi2 ContinuousBernoulli Dirichlet Exponential Gamma Geometric Gumbel "
    "HalfNormal Independent InverseGamma Kumaraswamy Laplace LogNormal LogisticNormal LowRankMultivariateNormal "
    "MixtureSameFamily Multinomial MultivariateNormal NegativeBinomial Normal OneHotCategorical "
    "OneHotCategoricalStraightThrough Pareto Poisson RelaxedBernoulli RelaxedOneHotCategorical StudentT "
    "TransformedDistribution Uniform VonMises Weibull Wishart"
)

SINK_FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        **_table("torch.", _ENDING),
        **_table("torch.", {"matmul": "chain_matmul einsum tensordot", "similarity": "cdist cosine_similarity pdist"}),
        **_table("torch.", {"embedding": "embedding embedding_bag", "fft": "istft stft", "complex": "complex polar"}),
        **_table("torch.", {"similarity": "pairwise_distance", "round": "heaviside", "aminmax": "aminmax"}),
        **_table("torch.", {"std_mean": "std_mean", "var_mean": "var_mean"}),
        **_table("torch.linalg.", {"norm": "matrix_norm norm vector_norm", "matmul": "matmul multi_dot vecdot"}),
        **_table(
            _F,
            {
                "loss": _LOSSES,
                "sdpa": "multi_head_attention_forward scaled_dot_product_attention",
                "grid_sample": "grid_sample",
                "affine_grid": "affine_grid",
                "embedding": "embedding_bag",
                "one_hot": "one_hot",
                "similarity": "cosine_similarity pairwise_distance pdist",
            },
        ),
        **_table("torch.fft.", {"fft": "fft fft2 fftn ifft ifft2 ifftn irfft irfft2 irfftn rfft rfft2 rfftn"}),
        **_table("torch.special.", {"log": "logit log1p", "exp": "exp2 expm1", "erf": "erf erfc"}),
        **_table("torch.distributions.", {"distribution": _DISTRIBUTIONS}),
        "einops.einsum": "matmul",
        "flash_attn.flash_attn_func": "sdpa",
        "flash_attn.flash_attn_qkvpacked_func": "sdpa",
        "flash_attn.flash_attn_varlen_func": "sdpa",
        "flash_attn.flash_attn_varlen_qkvpacked_func": "sdpa",
        "torch.nn.attention.flex_attention.flex_attention": "sdpa",
        "torchvision.ops.deform_conv2d": "deform_conv2d",
        "torchvision.ops.nms": "nms",
        "torchvision.ops.ps_roi_align": "roi_align",
        "torchvision.ops.ps_roi_pool": "roi_align",
        "torchvision.ops.roi_align": "roi_align",
        "torchvision.ops.roi_pool": "roi_align",
        "xformers.ops.memory_efficient_attention": "sdpa",
    }
)
"""Canonical name to the word in `Consumer.op`."""

SINK_METHODS: Mapping[str, str] = MappingProxyType(
    {
        **_table("", _ENDING),
        **_table(
            "",
            {
                "clamp": "clamp_ clamp_max_ clamp_min_ clip_",
                "exp": "exp_",
                "log": "log_",
                "pow": "pow_ square_",
                "sqrt": "sqrt_ rsqrt_ reciprocal_",
                "abs": "abs_",
                "matmul": "addmm_ baddbmm_",
                "gather": "scatter_ scatter_add_",
                "round": "bool byte int long round_ short",
                "item": "item numpy tolist",
                "backward": "backward",
            },
        ),
    }
)
"""Method of a tensor to the word in `Consumer.op`."""

WEIGHTED_FUNCTIONS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        **{
            f"{prefix}{name}": (type, ("input", "weight", "bias", *others))
            for prefix in (_F, "torch.")
            for d in (1, 2, 3)
            for name, type, others in (
                (f"conv{d}d", f"Conv{d}d", ("stride", "padding", "dilation", "groups")),
                (
                    f"conv_transpose{d}d",
                    f"ConvTranspose{d}d",
                    ("stride", "padding", "output_padding", "groups", "dilation"),
                ),
            )
        },
        _F + "linear": ("Linear", ("input", "weight", "bias")),
        _F + "bilinear": ("Bilinear", ("input1", "input2", "weight", "bias")),
        _F + "embedding": ("Embedding", ("input", "weight", "padding_idx")),
    }
)
"""Functions with a weight argument: the type of the equivalent layer, and the names of their parameters."""

METADATA_ATTRIBUTES = frozenset("device dtype is_cuda is_leaf is_meta is_sparse itemsize layout nbytes".split())
"""Attributes of a tensor that depend neither on its elements nor only on its shape."""

SHAPE_METHODS = METADATA_ATTRIBUTES | frozenset(
    (
        "data_ptr dim element_size get_device grad_fn is_complex is_contiguous is_floating_point ndim ndimension "
        "nelement new_empty new_full new_ones new_tensor new_zeros numel requires_grad shape size storage_offset stride"
    ).split()
)
"""Methods and attributes of a tensor that do not depend on its elements."""

EXTERNAL_MODULES: Mapping[str, str] = MappingProxyType(
    {
        "einops.layers.torch.Rearrange": "transparent",
        "einops.layers.torch.Reduce": "pool",
        "timm.layers.DropPath": "transparent",
        "timm.models.layers.DropPath": "transparent",
        "torchvision.ops.DropBlock2d": "transparent",
        "torchvision.ops.FrozenBatchNorm2d": "batch_norm",
        "torchvision.ops.Permute": "transparent",
        "torchvision.ops.StochasticDepth": "transparent",
        "torchvision.ops.misc.FrozenBatchNorm2d": "batch_norm",
        "torchvision.ops.misc.Permute": "transparent",
        "torchvision.ops.stochastic_depth.StochasticDepth": "transparent",
    }
)
"""Modules of other libraries that own no trained matrix: `transparent`, or the word in `Consumer.between`."""


def pooling(name: str, arguments: Mapping[str, object]) -> dict[str, object]:
    """What a pool does: `kind` (`max` or `avg`) and `window`, the number of positions in one output.

    `name` is that of a module (`MaxPool2d`), a function (`adaptive_avg_pool2d`) or a method (`mean`). The window is
    infinite where all positions of an unknown number are pooled. Empty where one of the two is not known.
    """
    word = name.lower().replace("_", "")
    kind = "max" if "max" in word else "avg" if "avg" in word or word == "mean" else None
    if kind is None or "unpool" in word or "fractional" in word:
        return {}
    if word in ("mean", "amax", "max"):
        dims = arguments.get("dim")
        return {"kind": kind, "window": math.inf} if dims in (2, (2, 3), (-2, -1), (-1, -2), (2, 3, 4)) else {}
    if word.startswith("adaptive"):
        sizes = arguments.get("output_size")
        pooled = sizes == 1 or (isinstance(sizes, tuple) and sizes and all(size == 1 for size in sizes))
        return {"kind": kind, "window": math.inf} if pooled else {}
    sizes, dimensions = arguments.get("kernel_size"), int(word[-2]) if word[-2:-1].isdigit() else 1
    if isinstance(sizes, int):
        sizes = (sizes,) * dimensions
    if not isinstance(sizes, tuple) or not all(isinstance(size, int) and size > 0 for size in sizes):
        return {}
    return {"kind": kind, "window": math.prod(sizes)}
