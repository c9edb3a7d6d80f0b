"""Free text to the categories of a taxonomy."""
