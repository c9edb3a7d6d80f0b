"""The project's Python package. Importing it is cheap: heavy modules load where they are used."""

__version__ = "0.1.0"
