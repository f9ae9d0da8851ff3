"""What attributes and calls mean: Python's builtins, torch's functions and modules, and all other libraries.

The interpreter calls in through its `Handlers` whenever a value is called that is no function of the project, or an
attribute is read. What torch's names do is listed in `initlint.facts`; here it is applied to abstract values.
"""
