"""Training: what goes in, what comes out, and where it is kept."""
