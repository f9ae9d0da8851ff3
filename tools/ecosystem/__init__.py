"""The ecosystem check: the findings in released packages and public repositories before and after a change.

`nox -s ecosystem` downloads what `packages.txt` lists, lints each of it with the last commit's initlint and with the
working tree's, and prints the findings that only one of the two reports. `baseline.tsv` holds the findings that a
person has reviewed in the source. `second_reading.tsv`: what a second person, who tried to refute them, says of some of
these findings: where it is not `true`, the finding is in dispute, and its kind is to be mended.
"""
