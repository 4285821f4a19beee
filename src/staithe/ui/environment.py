"""The Jinja environment of every page.

Ours is strict: a name that is not there is an error, never an empty space. The
macros of govuk-frontend-jinja rely on missing keys being quiet, so they live in a
second, lenient environment and are reached as `govuk.button({...})`. Our own
components are reached as `ui.table(...)`: no page needs an import line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from jinja2 import (
    Environment,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    pass_context,
)
from jinja2.runtime import Context, Macro
from markupsafe import Markup

from staithe.base import clock
from staithe.ui import charts, forms, navigation, tags, wording


class Components:
    """A folder of templates, each with one macro of its name, as attributes."""

    def __init__(self, env: Environment, path: str, prefix: str = "") -> None:
        self._env = env
        self._path = path
        self._prefix = prefix

    def __getattr__(self, name: str) -> Macro:
        if name.startswith("_"):
            raise AttributeError(name)
        path = self._path.format(name.replace("_", "-") if self._prefix else name)
        macro = name
        if self._prefix:
            macro = self._prefix + name.title().replace("_", "")
        return cast("Macro", getattr(self._env.get_template(path).module, macro))


def govuk_components() -> Components:
    """Return the macros of govuk-frontend-jinja, each taking one params mapping."""
    package = "govuk_frontend_jinja"
    lenient = Environment(
        autoescape=True,
        loader=PrefixLoader({package: PackageLoader(package)}),
    )
    # Nunjucks names that the macros carry over from the original.
    return Components(lenient, package + "/components/{}/macro.html", "govuk")


@pass_context
def csp_nonce(context: Context) -> str:
    """Return the nonce of this answer, or nothing where no inline script may run."""
    return str(getattr(context["request"], "csp_nonce", ""))


def url(name: str, **kwargs: object) -> str:
    """Return the path of a named page."""
    return reverse(name, kwargs=kwargs or None)


def link(text: object, href: object, *, classes: str = "govuk-link") -> Markup:
    """Return a link; both parts are escaped."""
    return Markup('<a class="{}" href="{}">{}</a>').format(classes, href, text)


def show_date(value: Any) -> str:
    """Filter: `31 January 2026`."""
    return wording.date_words(value, zone=timezone.get_current_timezone())


def show_datetime(value: Any) -> str:
    """Filter: `31 January 2026 at 9:05am`."""
    return wording.datetime_words(value, zone=timezone.get_current_timezone())


def show_ago(value: Any) -> str:
    """Filter: `3 days ago`."""
    zone = timezone.get_current_timezone()
    return wording.ago_words(value, now=clock.now(), zone=zone)


def to_id(text: object) -> str:
    """Filter: words as an HTML id."""
    return re.sub(r"[^a-z0-9]+", "-", str(text).lower()).strip("-") or "part"


def to_words(name: object) -> str:
    """Filter: the name of a field as people read it: `start-date` is Start date."""
    text = str(name).replace("-", " ").replace("_", " ")
    return text[:1].upper() + text[1:]


FILTERS: dict[str, Callable[..., object]] = {
    "date": show_date,
    "datetime": show_datetime,
    "ago": show_ago,
    "days": lambda count: wording.plural(count, "day"),
    "number": wording.number,
    "percent": wording.percent,
    "plural": wording.plural,
    "yes_no": wording.yes_no,
    "file_size": wording.file_size,
    "to_id": to_id,
    "words": to_words,
}


def environment(**options: Any) -> Environment:
    """Build the environment that Django's Jinja2 backend renders pages with."""
    options |= {"undefined": StrictUndefined, "autoescape": True}
    env = Environment(**options, trim_blocks=True, lstrip_blocks=True)  # noqa: S701  autoescape is set above
    env.filters.update(FILTERS)
    env.globals.update(
        govuk=govuk_components(),
        ui=Components(env, "components/{}.html"),
        url=url,
        static=static,
        link=link,
        csp_nonce=csp_nonce,
        service_name=settings.SERVICE_NAME,
        footer_links=navigation.FOOTER,
        tag_of=tags.tag_of,
        bridge=forms.bridge,
        errors_of=forms.errors_of,
        chart_svg=charts.svg,
    )
    return env
