"""Whether a model refuses what it should, and keeps to itself what it should."""
