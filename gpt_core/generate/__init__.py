"""From scores to text: choose a token, append it, repeat."""
