"""What agents remember of conversations, facts and earlier tasks."""
