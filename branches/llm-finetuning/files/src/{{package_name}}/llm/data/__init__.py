"""From documents to splits: reading, chunking, question-answer pairs, grouped splits."""
