"""Scoring, ranking and their uncertainty; needs no platform."""
