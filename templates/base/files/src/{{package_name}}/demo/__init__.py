"""Demonstrations: what the project does, from raw data to a report, with the data that comes with scikit-learn."""
