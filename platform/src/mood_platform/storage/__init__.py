"""Objects: write-once files under keys; the row is written after the object."""
