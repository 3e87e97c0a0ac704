"""Runs: start, claim, execute, record, score, report; sweeper and reaper put right what died."""
