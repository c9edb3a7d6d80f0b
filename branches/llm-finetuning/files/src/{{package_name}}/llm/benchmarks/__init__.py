"""How fast a model answers, under how much load, and whether that has become worse."""
