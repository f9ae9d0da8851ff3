"""What is known of torch and the libraries around it: tables, and formulas over them. Nothing here imports torch.

`names` normalises dotted names; `layers`, `activations`, `initializers` and `operators` are the tables that the rest
of initlint reads, keyed by those names. The other modules are parts of these four.
"""
