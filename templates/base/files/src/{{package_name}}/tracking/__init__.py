"""What was trained, on what, and how well: runs and models, in a folder or in MLflow.

tracking.uri → client.py chooses a store → store.py says what each can do → runs.py and the registry use nothing else
"""
