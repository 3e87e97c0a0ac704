"""`mood test`: both steps on one machine, execute and score, with public cases alone."""
