"""Several ways to segment, on the same records under one budget, in one table.

The comparison itself is imported from `tomoseg_tf.studies.compare.study`: it loads TensorFlow.
"""
