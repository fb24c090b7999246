"""Experiments of single lessons: small models or formulas, changed in one thing."""
