"""The ecosystem check: the findings in released packages before and after a change.

`nox -s ecosystem` downloads the packages of `packages.txt`, lints each with the last commit's initlint and with the
working tree's, and prints the findings that only one of the two reports. `baseline.tsv` holds the findings that a
person has reviewed in the source.
"""
