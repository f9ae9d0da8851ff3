"""Facts about torch and the libraries around it: tables, and formulas over them. Nothing here imports torch.

`canonical_names` normalizes dotted names, which are the keys of the tables in `modules`, `activations`, `initializers`,
`library_initializers`, `operators` and `frameworks`. `initializer_names` judges names that no table lists.
"""
