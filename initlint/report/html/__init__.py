"""The HTML report: findings with their code, each model as a drawing, and its signal through depth.

Needs the extra `report` (jinja2, grandalf, matplotlib, pygments), so only `initlint report` imports it. `page` renders
a `CheckResult` with its models with jinja2: `file_pages` prepares the findings of each file, whose code `highlighting`
colours, and `model_pages` the table, the drawing (`drawing`, placed by `layout`) and the curves of each model, which
`plot` plots. `marks` says which layers a finding concerns, `labels` names layers and inits. The drawing needs neither
matplotlib nor pygments.
"""
