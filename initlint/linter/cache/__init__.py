"""Results of earlier runs, each with its dependencies.

A result is used again while all its dependencies are current: see `initlint.project.dependencies`. A run without the
cache does not import this package.
"""
