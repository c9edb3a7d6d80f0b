"""Python that nobody vetted, run where it can do no harm."""
