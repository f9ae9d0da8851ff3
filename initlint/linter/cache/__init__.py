"""What files said in earlier runs, and whether it still holds.

An outcome rests on answers of the disk: what files hold, which file an import means. As long as the answers are the
same, so is the outcome; see `initlint.project.dependencies`.
"""
