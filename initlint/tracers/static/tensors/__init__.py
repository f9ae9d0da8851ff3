"""What torch does to tensors and modules.

`module_tree` lists submodules and parameters, `writes` records what sets their values,
`parametrizations` replaces parameters by computed ones, and `dataflow` adds the nodes of `forward`.
"""
