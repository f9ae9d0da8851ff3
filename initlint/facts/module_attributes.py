"""The public attributes of `torch.nn.Module`."""

from __future__ import annotations

MODULE_ATTRIBUTES = frozenset(
    (
        "T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches "
        "eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict "
        "modules mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook "
        "register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook "
        "register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook "
        "register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ "
        "set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu zero_grad"
    ).split()
)
"""By `dir(torch.nn.Module)` of torch 2.13, without names that begin with an underscore; with `training`."""

MODULE_METHODS = MODULE_ATTRIBUTES - {"training"} | frozenset(
    "__call__ __delattr__ __dir__ __getattr__ __getstate__ __init__ __repr__ __setattr__ __setstate__".split()
)
"""What the class `torch.nn.Module` itself has, with its special methods: it hides that of classes behind it."""
