"""The page: its template, its style and its scripts, put together into one file."""

from tomoseg_tf.report.page.rendering import Page, json_text, render

__all__ = ["Page", "json_text", "render"]
