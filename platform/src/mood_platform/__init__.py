"""The MOOD platform: execution, submissions, runs, leaderboards."""
