"""Pages in a browser: the runs of agents, and one of them step by step."""
