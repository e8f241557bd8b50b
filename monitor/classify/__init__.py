"""3 What kind of risk a text signals.

taxonomy (tags, topics and their sources) -> features -> train -> artefact -> predict -> evaluate; feedback
turns people's verdicts into training texts. Scoring needs numpy alone; scikit-learn is imported by training.
"""
