"""Whole tasks handed over by Agent2Agent: to agents of other services, and by them to ours."""
