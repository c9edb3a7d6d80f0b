"""Questions about documents, answered from a passage."""
