"""`initlint.inspect`: the weights, the signal and the gradient of a module object, in a notebook or a script.

This package imports torch; nothing imports it until `initlint.inspect` is called or `%load_ext initlint` runs.
"""
