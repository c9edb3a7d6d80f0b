"""The REST service: the application, who may use it, and how it is run."""
