"""Celery as the doorbell: thin jobs over the services, their queue adapter and their world."""
