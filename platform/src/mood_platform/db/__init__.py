"""Engine, sessions and the only place that commits."""
