from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


def watch_catalogue(using: str, **kwargs: Any) -> None:
    """The one row of the version, and the triggers that renew it."""
    from products.models import CatalogueVersion
    from products.triggers import CATALOGUE_TABLES, VERSION_TABLE, install_triggers

    connection = connections[using]
    if VERSION_TABLE in connection.introspection.table_names():
        CatalogueVersion.objects.using(using).get_or_create(pk=1, defaults={"token": "new"})
        install_triggers(connection, CATALOGUE_TABLES)


class ProductsConfig(AppConfig):
    name = "products"

    def ready(self) -> None:
        post_migrate.connect(watch_catalogue, sender=self)
