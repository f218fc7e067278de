"""The report: one HTML file with scores, tables, figures, a slice viewer and an object table."""

from tomoseg_tf.report.sizes import parse_size
from tomoseg_tf.report.writing import write_report

__all__ = ["parse_size", "write_report"]
