"""The WSGI application of a web process. A bad setting stops it here, with every problem named."""

import os

from django.core.wsgi import get_wsgi_application

from stolentee.metrics_folder import share_metrics

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stolentee.settings")
share_metrics()  # before anything imports the metrics
application = get_wsgi_application()

from stolentee.checks import refuse_bad_settings  # noqa: E402  (needs the app registry)
from stolentee.db.watchdog import limit_queries  # noqa: E402

refuse_bad_settings()
limit_queries()
