"""Subjects that never were, grown from real scans: anatomy, scanners, movement."""
