"""Scores what containers wrote: has the labels and never an engine."""
