"""Celery by itself: `celery -A app.worker worker --beat`. CELERY_BROKER_URL says where the broker is."""

from celery import Celery
from celery.schedules import crontab

celery = Celery("app", include=["app.tasks"])
celery.conf.beat_schedule = {
    "nightly": {"task": "app.tasks.purge", "schedule": crontab(hour="3", minute="0")},
    "minutely": {"task": "app.tasks.count", "schedule": crontab()},
}
