"""Abstract values: what expressions evaluate to, and what names are bound to.

Python constants represent themselves; each other kind of value is a class here (`Tensor`, `ListValue`, `Instance`,
`Function`, ...), and `Unknown` is any other. `join` makes one value of two that hold under different conditions.
"""
