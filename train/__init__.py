"""Makes the networks: data, motion, VGG features, losses, the training stages, evaluation.

Nothing outside this folder imports it, except the command line, which loads it only when asked to train.
"""
