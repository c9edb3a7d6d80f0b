"""What runs in the sandbox's own process: the standard library alone, and as few modules of it as can be."""
