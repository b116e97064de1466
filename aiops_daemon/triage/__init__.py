"""Triage: how bad an event is, what its fault is called, and what may follow."""
