"""Incident -> evidence: what a good engineer would look up in the source, the history and the log.

No model has a part in it. Nothing here reads a path that a log named: only files that the deployed commit holds are known at all.
"""
