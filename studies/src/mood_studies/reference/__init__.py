"""Makes weights and images of the reference methods, and checks what was made."""
