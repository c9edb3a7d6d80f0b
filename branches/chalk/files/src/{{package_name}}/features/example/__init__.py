"""An example from end to end: which customers of a real shop will buy in the next 30 days."""
