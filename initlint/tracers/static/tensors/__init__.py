"""Modules and tensors: the module tree, writes to parameters, and the data flow through `forward`."""
