"""From source, or from torch, to a `ModelGraph`.

`static` interprets the source; `fx` builds the model with torch in a process of its own; `references` finds what uses
a name in the project.
"""
