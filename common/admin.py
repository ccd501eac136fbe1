"""What several apps' admin pages share."""

from __future__ import annotations


class LookedAtOnly:
    """Rows that services write: staff look at them here, and change them nowhere but through the services."""

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False
