"""Features at work: whether they moved, are whole, fresh and quick, and who is told when not."""
