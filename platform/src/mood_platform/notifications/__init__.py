"""Mails to teams: what is ready, what failed and why; never a hidden score."""
