"""4 What it means, and for whom.

stories group what reports the same, severity says how bad, levels give the colour, profiles say
whom it concerns; decide turns all of it into alerts and duties to tell, explain answers why.
"""
