"""The interpreter's interpreter: the evaluation loop, environments, undecided branches, and the step budget."""
