"""From files to findings: lints each file, merges the results, and filters and fixes the findings.

`pipeline` is the entry point. `lint_file` lints a file, in a process of `process_pool`, unless the `cache` has its
result. `merge` joins the findings of all models at one location, and `filtering` drops those that are suppressed.
`baseline`, `fixer` and `add_noqa` work on the `CheckResult`. `results` defines the types that pass through.
"""
