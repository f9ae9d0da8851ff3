"""How released code initializes its networks, in numbers: what `docs/field.md` says.

`python -m tools.ecosystem.field` traces the packages of `packages.txt` and writes the table `docs/field/field.tsv`;
`python -m tools.ecosystem.field.page` writes the page and its plots from that table. `whole` says what a model is,
`counting` what is counted, `ways` how an init reaches its layer, `table` is the table, `shares` what is shown of it.
"""
