"""Leaderboards: drafts from scored Runs, immutable published versions, exports for organizers."""
