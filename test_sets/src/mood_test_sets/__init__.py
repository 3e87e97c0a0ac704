"""Cohorts grown from real scans, anomalies, manifests, secrets."""
