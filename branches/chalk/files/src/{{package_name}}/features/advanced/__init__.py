"""Features of what is no column of numbers, categories or times by itself: graphs, and columns together."""
