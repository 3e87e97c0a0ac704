"""Difficulty by human raters: blinded sheets, and a new version of the test set with their judgement."""
