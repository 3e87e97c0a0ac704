"""docs/study.md and its figures: every number and sentence comes from the JSON files."""
