"""What torch does to tensors and modules.

`writes` records what sets the values of parameters, `copying` copies modules,
`parametrizations` replaces parameters by computed ones, and `dataflow` adds the nodes of `forward`.
"""
