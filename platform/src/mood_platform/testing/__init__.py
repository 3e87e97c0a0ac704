"""Fakes of the ports and a small edition; for tests only."""
