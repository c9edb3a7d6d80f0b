"""What runs beside a framework, in an environment and a process of its own. It imports nothing of the project."""
