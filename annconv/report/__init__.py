"""Reports: what a network got right, as numbers and as a picture."""

from annconv.report.figure import digit_report
from annconv.report.summary import Summary, summarise

__all__ = ["Summary", "digit_report", "summarise"]
