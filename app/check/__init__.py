"""What this machine has and lacks, each with its reason."""

from app.check.facts import Facts, Finding, ModelState
from app.check.machine import findings
from app.check.report import as_json, exit_code, render

__all__ = ["Facts", "Finding", "ModelState", "as_json", "exit_code", "findings", "render"]
