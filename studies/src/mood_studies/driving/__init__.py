"""Drives a platform from outside, as people would: steps with their logs, the platform, its people."""
