"""Language models by name, and a scripted one that needs none."""
