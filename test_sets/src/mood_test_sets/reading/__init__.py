"""Reads scan files as others wrote them, and judges what they hold."""
