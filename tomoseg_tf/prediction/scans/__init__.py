"""Many scans with the same weights: their names, their results, their common statistics."""
