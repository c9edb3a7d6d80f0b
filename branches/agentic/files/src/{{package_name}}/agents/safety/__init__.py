"""What agents may do, and who is asked."""
