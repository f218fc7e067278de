"""The search for good settings: trials of a recipe, halved successively by how they go on.

Only `beginning`, `study`, `two_steps` and `work` know of networks; the others load neither Keras
nor the training.
"""
