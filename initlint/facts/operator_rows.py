"""The rows of the table of operators, by kind. `operators` derives all spellings of a name from its row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from initlint.facts.activations import PARAMETERS
from initlint.facts.operator_kinds import (
    FUNCTIONAL,
    FUNCTIONS_ONLY,
    METHOD,
    AxesEffect,
    Indices,
    Memory,
    Operator,
    elsewhere,
)
from initlint.facts.signatures import Signature, signature
from initlint.facts.sink_rows import sink_rows

__all__ = ["operator_rows"]

_INPUT = signature("input")
_EINOPS = ("einops", "einops.einops")


def operator_rows() -> Iterator[Operator]:
    """All rows."""
    yield from _activations()
    yield from _identities()
    yield from _modifiers()
    yield from _arithmetic()
    yield from _products()
    yield from _weighted()
    yield from sink_rows()
    yield from _constants()


def _activations() -> Iterator[Operator]:
    names = (
        "celu elu gelu glu hardshrink hardsigmoid hardswish hardtanh leaky_relu log_softmax logsigmoid mish prelu relu "
        "relu6 rrelu selu sigmoid silu sin softmax softmin softplus softshrink softsign tanh tanhshrink threshold"
    )
    for op in names.split():
        yield Operator(op, "activation", op, (*_INPUT, *PARAMETERS.get(op, ())))
    for name, op in (("gumbel_softmax", "softmax"), ("expit", "sigmoid")):
        yield Operator(name, "activation", op, _INPUT)


def _identities() -> Iterator[Operator]:
    def rows(names: str, axes: AxesEffect = "", memory: Memory = "", attribute: bool = False) -> Iterator[Operator]:
        for name in names.split():
            yield Operator(name, "identity", "identity", _INPUT, axes=axes, memory=memory, attribute=attribute)

    yield from rows("clone", "same", "copy")
    yield from rows("flip fliplr flipud repeat repeat_interleave roll rot90 tile", memory="copy")
    yield from rows("bfloat16 contiguous cpu cuda double float half to type type_as xpu", "same")
    yield from rows("as_tensor asarray astype", "same")
    yield from rows("detach", "same", "shared")
    yield from rows("data", "same", "shared", attribute=True)
    yield from rows("real", "same", "view", attribute=True)
    yield from rows("t", "reverse", "view")
    yield from rows("T", "reverse", "view", attribute=True)
    yield from rows("mT", "matrix", "view", attribute=True)
    yield from rows("H", "reverse", "view", attribute=True)
    yield from rows("mH", "matrix", "view", attribute=True)
    yield from rows("adjoint", "matrix", "view")
    yield from rows("swapaxes swapdims transpose", "swap", "view")
    yield from rows("permute", "permute", "view")
    yield from rows("moveaxis movedim view_as_complex view_as_real", memory="view")
    yield from rows(
        "as_strided expand expand_as flatten reshape squeeze unflatten unsqueeze view view_as", memory="view"
    )
    yield from rows("atleast_1d atleast_2d atleast_3d broadcast_to masked_fill nan_to_num pin_memory ravel")
    yield from rows("coalesce dequantize positive reshape_as resize resize_as resolve_conj resolve_neg to_dense")
    yield from rows("as_subclass to_mkldnn to_padded_tensor to_sparse to_sparse_coo to_sparse_csr unfold")
    yield Operator("values", "identity", "identity", _INPUT, homes=(METHOD,), in_place=False)
    yield from rows("alpha_dropout feature_alpha_dropout")
    for name in ("dropout", "dropout1d", "dropout2d", "dropout3d"):
        yield Operator(name, "identity", "dropout", signature("input", p=0.5, training=True), homes=(FUNCTIONAL,))
    for name in ("dropout", "feature_dropout"):
        yield Operator(name, "identity", "dropout", signature("input p train"), homes=(METHOD, "torch."))
    yield from rows("channel_shuffle constant_pad_nd fold interpolate pad pixel_shuffle pixel_unshuffle")
    yield from rows("native_channel_shuffle upsample upsample_bilinear upsample_nearest")
    yield Operator("requires_grad_", "identity", "identity", _INPUT, axes="same", homes=(METHOD,), in_place=False)
    for name in (
        *(f"{module}.{name}" for module in _EINOPS for name in ("rearrange", "repeat")),
        "torch.fft.fftshift",
        "torch.fft.ifftshift",
        "torch.nested.to_padded_tensor",
        "torch.nn.utils.rnn.pack_padded_sequence",
        "torch._pack_padded_sequence",
        "torchvision.ops.drop_block2d",
        "torchvision.ops.drop_block3d",
        "torchvision.ops.stochastic_depth",
        "timm.layers.drop_path",
        "timm.models.layers.drop_path",
        "timm.layers.drop_block_2d",
        "timm.layers.drop_block_fast_2d",
    ):
        yield elsewhere(name, "identity", "identity")
    for name in ("torch.nn.utils.rnn.pad_packed_sequence", "torch._pad_packed_sequence"):
        yield replace(elsewhere(name, "identity", "identity"), indices="always")


def _modifiers() -> Iterator[Operator]:
    def rows(op: str, names: str, **more: object) -> Iterator[Operator]:
        for name in names.split():
            yield Operator(name, "modifier", op, _INPUT, **more)  # type: ignore[arg-type]

    parts = "chunk dsplit hsplit split split_with_sizes tensor_split unbind unsafe_chunk unsafe_split vsplit"
    yield from rows("chunk", parts, memory="part", sequence=True)
    yield from rows("chunk", "narrow narrow_copy select", memory="part")
    yield from rows("chunk", "index_select", axes="same")
    yield from rows("concat", "cat column_stack concat concatenate dstack hstack row_stack stack vstack")
    yield from _pools()
    for norm in "batch_norm group_norm instance_norm layer_norm local_response_norm normalize rms_norm".split():
        yield from rows(norm, norm, homes=FUNCTIONS_ONLY)
    yield Operator("addcmul", "modifier", "mul", data=())
    for module in _EINOPS:
        yield elsewhere(f"{module}.reduce", "modifier", "pool")
    for module in ("einops", "einops.packing"):
        yield replace(elsewhere(f"{module}.pack", "modifier", "concat"), indices="always")
        yield replace(elsewhere(f"{module}.unpack", "modifier", "chunk"), sequence=True)
    sequences = ("nn.utils.rnn.pad_sequence", "nn.utils.rnn.pack_sequence", "nested.nested_tensor")
    for name in (*sequences, "nested.as_nested_tensor"):
        yield elsewhere(f"torch.{name}", "modifier", "concat")
    for name in "global_add_pool global_max_pool global_mean_pool".split():
        yield elsewhere(f"torch_geometric.nn.{name}", "modifier", "pool")
        yield elsewhere(f"torch_geometric.nn.pool.{name}", "modifier", "pool")


def _pools() -> Iterator[Operator]:
    def rows(names: str, parameters: Signature, indices: Indices = "") -> Iterator[Operator]:
        for name in names.split():
            yield Operator(name, "modifier", "pool", parameters, indices=indices)

    reduced = signature("input", dim=None)
    yield from rows("amax amin logsumexp mean nanmean nansum prod std sum sum_to_size var", reduced)
    yield from rows("max median min nanmedian", reduced, "dim")
    windows: dict[str, object] = {"stride": None, "padding": 0}
    largest = signature("input kernel_size", **windows, dilation=1, ceil_mode=False)
    target = signature("input output_size")
    for d in (1, 2, 3):
        yield from rows(f"avg_pool{d}d", signature("input kernel_size", **windows, ceil_mode=False))
        yield from rows(f"lp_pool{d}d", signature("input norm_type kernel_size", stride=None, ceil_mode=False))
        yield from rows(f"max_unpool{d}d", signature("input indices kernel_size", **windows))
        yield from rows(f"adaptive_avg_pool{d}d", target)
        with_indices = {f"max_pool{d}d": largest, f"adaptive_max_pool{d}d": target}
        if d > 1:
            with_indices[f"fractional_max_pool{d}d"] = signature("input kernel_size", output_size=None)
        for name, parameters in with_indices.items():
            yield from rows(name, parameters, "flag")
            yield from rows(f"{name}_with_indices", parameters, "always")


def _arithmetic() -> Iterator[Operator]:
    words = {
        "add": "add",
        "sub": "sub subtract",
        "mul": "mul multiply",
        "div": "div divide true_divide",
        "neg": "neg negative",
        "pow": "pow float_power",
        "remainder": "remainder",
        "floor_divide": "floor_divide",
        "rsub": "rsub",
    }
    for op, names in words.items():
        for name in names.split():
            yield Operator(name, "arithmetic", op, signature("input other"), ("input", "other"))


def _products() -> Iterator[Operator]:
    def row(name: str, operands: str, axes: AxesEffect, before: str = "") -> Operator:
        parameters = signature(f"{before} {operands}")
        return Operator(name, "product", "matmul", parameters, tuple(operands.split()), axes=axes)

    yield row("matmul", "input other", "matmul")
    for name in ("mm", "bmm", "spmm", "smm", "hspmm"):
        yield row(name, "input mat2", "matmul")
    yield row("mv", "input vec", "matmul")
    for name in ("addmm", "sspaddmm"):
        yield row(name, "mat1 mat2", "matmul", "input")
    yield row("addmv", "mat vec", "matmul", "input")
    for name in ("addbmm", "baddbmm"):
        yield row(name, "batch1 batch2", "matmul", "input")
    for name in ("dot", "inner", "outer", "vdot", "vecdot", "ger"):
        yield row(name, "input other", "")
    yield row("addr", "vec1 vec2", "", "input")
    yield row("tensordot", "a b", "")
    yield Operator("multi_dot", "product", "matmul", data=(), axes="chain")
    yield Operator("chain_matmul", "product", "matmul", data=(), axes="chain")
    yield Operator("einsum", "product", "matmul", data=(), axes="equation")
    for module in _EINOPS:
        yield elsewhere(f"{module}.einsum", "product", "matmul", "equation", data=())
    yield elsewhere("opt_einsum.contract", "product", "matmul", "equation", data=())
    yield elsewhere("torch_sparse.spmm", "product", "matmul", "matmul", "index value m n matrix", ("value", "matrix"))
    yield elsewhere("torch_sparse.matmul", "product", "matmul", "matmul", "src other", ("src", "other"))
    yield elsewhere("torch_geometric.utils.spmm", "product", "matmul", "matmul", "src other", ("src", "other"))
    yield elsewhere("dgl.sparse.spmm", "product", "matmul", "matmul", "src other", ("src", "other"))


def _weighted() -> Iterator[Operator]:
    def row(name: str, op: str, names: str, axes: AxesEffect) -> Operator:
        data = tuple(parameter for parameter in names.split() if parameter.startswith("input"))
        return Operator(name, "weighted", op, signature(names), data, axes=axes, homes=FUNCTIONS_ONLY, in_place=False)

    for d in (1, 2, 3):
        yield row(f"conv{d}d", f"Conv{d}d", "input weight bias stride padding dilation groups", "first")
        transposed = "input weight bias stride padding output_padding groups dilation"
        yield row(f"conv_transpose{d}d", f"ConvTranspose{d}d", transposed, "")
    yield row("linear", "Linear", "input weight bias", "first")
    yield row("bilinear", "Bilinear", "input1 input2 weight bias", "")
    yield row("conv_tbc", "Parameter", "input weight bias pad", "time")
    embedding = signature("input weight", padding_idx=None)
    yield Operator("embedding", "weighted", "Embedding", embedding, homes=(FUNCTIONAL,), in_place=False)
    swapped = signature("weight input", padding_idx=None)
    yield Operator("torch.embedding", "weighted", "Embedding", swapped, homes=("",), in_place=False)


_METADATA = (
    "device dtype is_cpu is_cuda is_leaf is_meta is_mps is_nested is_quantized is_sparse is_xla is_xpu itemsize layout "
    "nbytes output_nr"
)


def _constants() -> Iterator[Operator]:
    for name in _METADATA.split():
        yield Operator(name, "constant", "metadata", homes=(METHOD,), in_place=False, attribute=True)
    methods = "col_indices crow_indices dense_dim dim_order indices is_coalesced new qscheme sparse_dim storage"
    for name in methods.split():
        yield Operator(name, "constant", "shape", homes=(METHOD,), in_place=False)
    for name in "grad_fn ndim requires_grad shape".split():
        yield Operator(name, "constant", "shape", homes=(METHOD,), in_place=False, attribute=True)
    sizes = (
        "data_ptr dim element_size get_device is_complex is_contiguous is_floating_point is_tensor ndimension nelement "
        "new_empty new_full new_ones new_tensor new_zeros numel size storage_offset stride result_type can_cast "
        "is_storage is_same_size is_pinned is_shared is_inference is_conj is_neg is_signed broadcast_shapes"
    )
    for name in sizes.split():
        yield Operator(name, "constant", "shape", in_place=False)
    sized = (
        "arange bartlett_window blackman_window hamming_window hann_window kaiser_window logspace randint randint_like "
        "randperm range tril_indices triu_indices vander"
    )
    for name in sized.split():
        yield Operator(name, "constant", "new", homes=("torch.",), in_place=False)
    for name in ("fftfreq", "rfftfreq"):
        yield Operator(name, "constant", "new", homes=("torch.fft.",), in_place=False)
    for name in "from_numpy frombuffer scalar_tensor tensor".split():
        yield Operator(name, "constant", "new", data=(), homes=("torch.",), in_place=False)
