"""The end of Home: what each part is worth, where the parameters sit, and how large others are."""
