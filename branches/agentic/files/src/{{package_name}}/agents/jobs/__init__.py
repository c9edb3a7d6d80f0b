"""Tasks that wait for a worker, and the workers."""
