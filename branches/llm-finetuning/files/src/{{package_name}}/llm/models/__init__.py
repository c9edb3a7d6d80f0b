"""Which models are loaded, which of them answers to a name, and what memory they may take."""
