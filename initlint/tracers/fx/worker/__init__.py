"""The other side of `initlint trace`: builds the user's models in the user's interpreter and writes down what happens.

Standard library and torch only, Python 3.9 or newer: it runs where initlint need not be installed. What it was asked
and what it found are JSON files in one folder; the user's code may print whatever it likes. It knows no table of
torch's operators: it gives the names of what was called, and the client makes of them what the static tracer would.

- `session` works through the targets of a request, `safety` keeps them from doing harm, `targets` imports them.
- `building` builds a model without memory where that goes, while `recording` notes every write to a parameter and
  `construction` where each module was made; `description` writes the tree of modules down.
- `tracing` follows the signal: with torch.fx (`symbolic`) or by running the model (`running`) on `inputs` that are
  given or guessed. Both write the nodes of `nodes`. `measuring` runs it with real weights.
- `frames` tells where in the user's code all that happened.
"""
