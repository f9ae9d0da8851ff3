"""Abstract values: what the interpreter computes with, and how two of them are joined."""
