"""Events of a stream: read, checked, kept with their offsets in one transaction, and made features of."""
