"""Features of what is no column of numbers, categories or times: texts, images, graphs, and columns together."""
