"""Python's syntax: one function per kind of AST node, collected in `EVALUATE` (expressions) and `EXECUTE` (statements).

Each receives the interpreter, the node and the environment. Below them are the protocols that several nodes share:
iteration, assignment, truth tests, comparisons and parameter binding.
"""
