"""The command `mood`: for participants, for organizers, and to run the platform on one machine."""
