"""What the rules ask of a model: pairs of layer and activation, chains, fans, zeros, and how a weight is mended.

`pairs` holds the questions that most rules ask, `wording` how findings speak of the answers.
"""
