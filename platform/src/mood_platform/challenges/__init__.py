"""Challenges: the edition's rules from challenge.yaml, and its installed test sets."""
