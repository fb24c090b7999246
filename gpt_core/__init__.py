"""A GPT and all that computes with it: plain PyTorch, no user interface."""
