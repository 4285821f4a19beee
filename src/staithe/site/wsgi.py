"""The WSGI application that granian serves."""

from __future__ import annotations

import os
import sys

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from staithe.base.holding import hold
from staithe.site.logs import configure_logs


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staithe.site.settings")

# A thread that answers in a millisecond must not wait five for one that computes.
sys.setswitchinterval(0.0005)

configure_logs()
application = get_wsgi_application()

from staithe.site.tidying import keep_temporary_files_at_home  # noqa: E402  needs models


keep_temporary_files_at_home()
hold(settings.HOME)
