"""The study's edition: what is handed in, run, analysed and published on a platform."""
