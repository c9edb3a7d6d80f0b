"""What was trained, on what, and how well: runs and models in MLflow, in a SQLite file or on a server."""
