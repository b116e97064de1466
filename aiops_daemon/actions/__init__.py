"""Incidents -> people: what is said, in which words, and through which sink."""
