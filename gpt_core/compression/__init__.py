"""A trained model made smaller: fewer bits for a weight, fewer weights, or a smaller model taught.

rounding, gptq: weights as small whole numbers. layers: a model that multiplies by them. pruning:
which weights, neurons or heads can go. distillation: what a small model learns from a large one.
"""
