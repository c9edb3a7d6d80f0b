"""Answers from retrieved passages: an index of documents, and three ways to search it."""
