"""What happens to models in use: their predictions, drift of their inputs, and what they turn out to be worth."""
