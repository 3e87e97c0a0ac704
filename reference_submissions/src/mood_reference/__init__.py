"""Reference submissions of the MOOD thesis: one method a file; VAE and ceVAE whole, others on families."""
