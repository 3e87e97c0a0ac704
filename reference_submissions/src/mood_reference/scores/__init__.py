"""What trained weights say of a scan: raw, calibrated, measured, and written by the container."""
