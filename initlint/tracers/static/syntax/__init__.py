"""Python's syntax: one function for each kind of AST node."""
