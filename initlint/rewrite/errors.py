"""The error for a rewrite that is not certain to be right."""


class CannotRewrite(Exception):
    """A rewrite cannot be shown to be right. `rewrite.compute` catches it."""
