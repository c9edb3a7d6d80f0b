"""Questions about customers, answered by an agent with a model that was tuned here and features of the store."""
