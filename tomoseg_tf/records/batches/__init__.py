"""From records to `tf.data` batches: reading, crops, normalisation, augmentation."""
