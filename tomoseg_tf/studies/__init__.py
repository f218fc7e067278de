"""Whole studies: what joins the parts."""
