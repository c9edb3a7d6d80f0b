"""A file for each kind of place to deploy to."""
