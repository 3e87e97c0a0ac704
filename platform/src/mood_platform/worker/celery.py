"""The shim that `celery -A mood_platform.worker.celery` starts; settings come from the environment."""

from mood_platform.settings import Settings
from mood_platform.worker.app import create_celery

app = create_celery(Settings.read())
