"""What the documentation site is made from, beside the pages in docs/: generated pages, plots, and measured numbers."""
