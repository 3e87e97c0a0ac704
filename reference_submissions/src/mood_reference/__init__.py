"""Reference submissions of the MOOD thesis, one printable file per method."""
