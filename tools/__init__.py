"""Scripts for developing initlint: `ecosystem` compares findings in released packages, `website` builds the site."""
