"""A checkpoint served by vLLM, which runs as a process of its own behind the project's routes."""
