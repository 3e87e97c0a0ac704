"""The thesis' comparisons, trained and measured with several seeds outside the platform."""
