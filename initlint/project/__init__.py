"""The linted project: its settings, which files are linted, their text, and file-system queries.

A path goes in, a `SourceFile` (decoded text, parsed tree, notebook cells) comes out. What a lint reads from the file
system is recorded as its dependencies.
"""
