"""Smaller models: weights in fewer bits, held against the model that they were made of."""
