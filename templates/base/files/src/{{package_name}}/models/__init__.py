"""Models: train, judge, choose, explain and use them.

cross-validate → fit → measure with intervals → record → promote, if the gate lets it
"""
