"""From files to volumes and slices and back to one score map; NumPy alone."""
