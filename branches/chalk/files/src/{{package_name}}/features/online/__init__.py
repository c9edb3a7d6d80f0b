"""Features that are read one entity at a time, when a model is asked: what is kept, where, and how it is read."""
