"""The HTML report: findings with their code, each model as a drawing, and its signal through depth.

Needs the extra `report` (jinja2, grandalf, matplotlib, pygments), so only `initlint report` imports it. `page` renders
a `CheckResult` with its models with jinja2: `file_pages` prepares the findings of each file, whose code `highlighting`
colours, and `model_pages` the table, the drawing (`drawing`, placed by `layout`) and the plot (`plot`) of each model.
`marks` says which layers a finding concerns, `labels` names layers and inits.
"""

from __future__ import annotations

from initlint.report.html.model_pages import read_measured
from initlint.report.html.page import PageInput, folder_of, render, title_of

__all__ = ["PageInput", "folder_of", "read_measured", "render", "title_of"]
