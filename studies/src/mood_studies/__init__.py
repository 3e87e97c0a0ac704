"""Demonstration and study of the platform, and the making of weights and images of the reference methods."""
