"""The tiny base model that ships with the project, and the script that makes it again."""

from pathlib import Path

MODEL_FOLDER = Path(__file__).parent / "model"
