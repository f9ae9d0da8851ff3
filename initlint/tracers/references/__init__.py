"""Finds init functions that nothing in the project calls, and parameters that nothing writes.

The static tracer sees the effect of one entry point. That no code at all calls a function can only be decided from all
files of the project. This package searches their names, without running anything: any mention of a name that may be a
use counts as one.

`uncalled_functions`, `unwritten_parameters` and `impossible_tests` give the results. They query single files
(`syntax_index`, `name_uses`, `bulk_writes`, `dynamic_lookups`) through `project_index`, and the cache records each
query (`file_queries`) as a dependency. `instance_holders` finds the code that may hold an object of a class.
"""
