"""People compare answers: tasks, a page to answer on, and how far people agree."""
