"""Serving a fine-tuned model over HTTP, as OpenAI's clients ask for it."""
