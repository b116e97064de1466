"""aiops_daemon: errors in a log become incidents, alerts, diagnoses, issues and Draft PRs."""

__version__ = "0.1.0"
