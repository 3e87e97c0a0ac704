"""Trains any method on a folder of normal scans: the loop, checkpoints, what chooses and calibrates."""
