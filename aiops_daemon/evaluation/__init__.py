"""Accuracy over scenarios whose truth is known: of the evidence, and of the answers of a model.

Everything goes the way of `context` and `diagnose`: the same reading, the same look-ups, the same budgets.
"""

from aiops_daemon.evaluation.answers import AnswerScore, answer_score, answer_summary
from aiops_daemon.evaluation.recall import Score, scored, summary_of
from aiops_daemon.evaluation.scenarios import Repositories, Scenario, ScenarioError, scenarios_in

__all__ = [
    "AnswerScore",
    "Repositories",
    "Scenario",
    "ScenarioError",
    "Score",
    "answer_score",
    "answer_summary",
    "scenarios_in",
    "scored",
    "summary_of",
]
