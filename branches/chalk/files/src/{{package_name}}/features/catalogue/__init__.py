"""The catalogue: what is defined, what it is made of, who answers for it and reads it, and what its values are like."""
