"""Watching models at work: drift, data quality, performance, alerts and retraining.

prediction log → window → compare with the reference of training → report → alerts → retraining, if it is wanted
"""
