"""The ecosystem check: what initlint says of released packages, before and after a change.

`nox -s ecosystem` downloads the packages of `packages.txt`, lints each with the last commit's initlint and with the
working tree's, and prints which findings came and went. `baseline.tsv` holds what a person judged of them in the
source.
"""
