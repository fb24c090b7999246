"""How a model learns, and the folder in which a run keeps what came of it."""
