"""What goes on inside a model while it reads one text, or while it is trained."""
