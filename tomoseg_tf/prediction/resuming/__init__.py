"""A segmentation that is killed goes on: journal, results on their way, identity of a run."""
