"""What this machine has and lacks, and whether a model can be used, each with its reason."""

from app.check.facts import Facts, Finding, ModelState
from app.check.report import as_json, exit_code, render, verdict

__all__ = ["Facts", "Finding", "ModelState", "as_json", "exit_code", "render", "verdict"]
