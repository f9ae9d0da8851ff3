"""The interpreter's machine: the evaluation loop, environments, undecided branches, and the step budget."""
