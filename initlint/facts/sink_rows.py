"""The rows of the operators that end a path: nothing is known of their results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from initlint.facts.operator_kinds import FUNCTIONS_ONLY, Operator, elsewhere

_SINKS = {
    "clamp": "clamp clamp_max clamp_min clip",
    "exp": "exp exp2 expm1",
    "log": "log log10 log1p log2 logit xlog1py xlogy",
    "pow": "square",
    "sqrt": "rsqrt sqrt reciprocal",
    "abs": "abs absolute",
    "cos": "cos cosh sinc tan sinh",
    "atan": "acos acosh arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh",
    "erf": "erf erfc erfcx erfinv log_ndtr ndtr ndtri",
    "gamma": "digamma entr gammainc gammaincc gammaln i0 i0e i1 i1e igamma igammac lgamma multigammaln mvlgamma "
    "polygamma psi zeta",
    "round": "bool byte ceil char deg2rad fix floor frac frexp gcd heaviside int lcm ldexp long nextafter rad2deg "
    "round sgn short sign signbit trunc",
    "argmax": "argmax argmin argsort argwhere nonzero searchsorted bucketize count_nonzero bincount histc "
    "histogram histogramdd nonzero_static unravel_index",
    "bernoulli": "bernoulli poisson",
    "cumsum": "cumprod cumsum logcumsumexp diff cumulative_trapezoid trapezoid",
    "compare": "allclose bitwise_and bitwise_not bitwise_or eq equal ge greater greater_equal gt isclose isfinite isin "
    "isinf isnan isneginf isposinf le less less_equal logical_and logical_not logical_or logical_xor lt ne not_equal "
    "all any bitwise_xor bitwise_left_shift bitwise_right_shift is_nonzero isreal",
    "maximum": "fmax fmin maximum minimum",
    "where": "where",
    "gather": "gather index_add index_copy index_fill index_put index_reduce masked_scatter masked_select put scatter "
    "scatter_add scatter_reduce select_scatter slice_scatter take take_along_dim segment_reduce diagonal_scatter "
    "as_strided_scatter sparse_mask slice_inverse",
    "norm": "cond dist frobenius_norm matrix_norm norm norm_except_dim nuclear_norm renorm vector_norm",
    "diag": "block_diag diag diag_embed diagflat trace tril triu",
    "cross": "cross kron cartesian_prod combinations meshgrid",
    "lerp": "lerp addcdiv hypot copysign fmod logaddexp logaddexp2",
    "similarity": "cdist cosine_similarity pairwise_distance pdist",
    "complex": "complex polar angle conj conj_physical imag",
    "aminmax": "aminmax",
    "std_mean": "std_mean",
    "var_mean": "var_mean",
    "inverse": "inverse inv inv_ex pinverse pinv cholesky cholesky_ex cholesky_inverse cholesky_solve det slogdet "
    "logdet eig eigh eigvals eigvalsh lstsq lu lu_factor lu_solve matrix_exp matrix_power matrix_rank qr solve "
    "geqrf householder_product ldl_factor ldl_solve lu_unpack orgqr ormqr pca_lowrank solve_triangular svd "
    "svd_lowrank svdvals tensorinv tensorsolve triangular_solve",
    "covariance": "corrcoef cov",
    "fft": "istft stft",
    "quantile": "nanquantile quantile",
    "unique": "unique unique_consecutive",
    "item": "item numpy tolist",
    "backward": "backward",
}
"""By the word in `Consumer.op`."""

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


def sink_rows() -> Iterator[Operator]:
    """The rows of all sinks."""
    yield from _sinks()
    yield from _sinks_of_modules()


def _sinks() -> Iterator[Operator]:
    for op, names in _SINKS.items():
        for name in names.split():
            yield Operator(name, "sink", op, data=())
    yield Operator("diagonal", "sink", "diag", data=(), memory="view")
    for name in ("cummax", "cummin"):
        yield Operator(name, "sink", "cumsum", data=(), indices="always")
    for name in "kthvalue mode msort multinomial sort topk".split():
        yield Operator(name, "sink", "topk", data=(), indices="" if name in ("msort", "multinomial") else "always")
    # Losses and attention have no method: `x.loss(...)` is a method of the user's.
    functions = {
        "loss": _LOSSES,
        "sdpa": "multi_head_attention_forward scaled_dot_product_attention",
        "grid_sample": "grid_sample grid_sampler",
        "affine_grid": "affine_grid",
        "embedding": "embedding_bag",
        "one_hot": "one_hot",
    }
    for op, names in functions.items():
        for name in names.split():
            yield Operator(name, "sink", op, data=(), homes=FUNCTIONS_ONLY, in_place=False)


_OVER_CLASSES = {
    "Categorical": "probs logits",
    "Multinomial": "total_count probs logits",
    "OneHotCategorical": "probs logits",
    "OneHotCategoricalStraightThrough": "probs logits",
    "RelaxedOneHotCategorical": "temperature probs logits",
}
"""The parameters of the distributions that take the softmax of their logits."""


def _sinks_of_modules() -> Iterator[Operator]:
    for name in "fft fft2 fftn hfft ifft ifft2 ifftn ihfft irfft irfft2 irfftn rfft rfft2 rfftn".split():
        yield elsewhere(f"torch.fft.{name}", "sink", "fft", data=())
    for name in _DISTRIBUTIONS.split():
        parameters = _OVER_CLASSES.get(name)
        row = elsewhere(f"torch.distributions.{name}", "sink", "distribution", "", parameters or "input", data=())
        yield row if parameters is None else replace(row, op_on_logits="softmax")
    others = {
        "sdpa": "flash_attn.flash_attn_func flash_attn.flash_attn_qkvpacked_func flash_attn.flash_attn_varlen_func "
        "flash_attn.flash_attn_varlen_qkvpacked_func torch.nn.attention.flex_attention.flex_attention "
        "xformers.ops.memory_efficient_attention",
        "deform_conv2d": "torchvision.ops.deform_conv2d",
        "nms": "torchvision.ops.nms torchvision.ops.batched_nms",
        "roi_align": "torchvision.ops.ps_roi_align torchvision.ops.ps_roi_pool torchvision.ops.roi_align "
        "torchvision.ops.roi_pool",
        "loss": "torchvision.ops.sigmoid_focal_loss torchvision.ops.generalized_box_iou_loss "
        "torchvision.ops.distance_box_iou_loss torchvision.ops.complete_box_iou_loss",
        "gather": "torch_scatter.scatter torch_scatter.scatter_add torch_scatter.scatter_max "
        "torch_scatter.scatter_mean torch_scatter.scatter_sum torch_scatter.segment_csr torch_scatter.segment_coo "
        "torch_scatter.gather_csr "
        "torch_geometric.utils.scatter torch_geometric.utils.segment",
        "softmax": "torch_scatter.scatter_softmax torch_geometric.utils.softmax",
    }
    for op, names in others.items():
        for name in names.split():
            yield elsewhere(name, "sink", op, data=())
