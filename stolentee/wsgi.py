"""The WSGI application of a web process. A bad setting stops it here, with every problem named."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stolentee.settings")
application = get_wsgi_application()

from stolentee.checks import refuse_bad_settings  # noqa: E402  (needs the app registry)

refuse_bad_settings()
