"""Anomalies: local ones with an exact mask, global ones without; each deterministic by its random stream."""
