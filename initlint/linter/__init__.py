"""From files to findings: rules are run on each file, and the results merged, filtered and fixed.

`pipeline` is the entry; `lint_file` runs on one file and gives a `FileResult`; `merge` and `filtering` make the
diagnostics that are shown; `fixer` applies fixes; `cache` keeps results between runs.
"""
