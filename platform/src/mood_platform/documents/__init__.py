"""The documents that are stored and published: a class each, which alone knows the names of its fields."""
