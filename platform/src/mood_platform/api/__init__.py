"""The JSON API below /api/v1: endpoints translate, services decide."""
