"""The command `mood-test-sets`: reads what was typed, and says what became of it."""
