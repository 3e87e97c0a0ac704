"""A node: claims, caches, runs and keeps alive one case after the other; has the engine and never a label."""
