"""How released code initializes its networks, in numbers.

`python -m tools.ecosystem.field` traces the packages of both lists and writes the table `docs/field/field.tsv`.
`whole` says what a model is, `counting` what is counted, `ways` how an init reaches its layer, `table` is the table.
"""
