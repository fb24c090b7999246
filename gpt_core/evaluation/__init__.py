"""How good a model is, measured on text that it did not learn from."""
