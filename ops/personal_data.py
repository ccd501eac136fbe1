"""Whose data is whose: everything the shop keeps about one customer, found by account and by e-mail address."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from accounts.models import User
from common.errors import NotFound
from designs.models import Design
from orders.models import LineArtwork, Order, ProductionPack
from uploads.models import Asset, Job


@dataclass(frozen=True)
class Customer:
    """A person with an account, or a guest who is known by the address on his orders alone."""

    email: str
    user: User | None

    @property
    def orders(self) -> QuerySet[Order]:
        """The account's orders, and those of guests with its address."""
        mine = Q(user=None, address=self.email)
        if self.user is not None:
            mine |= Q(user=self.user)
        return Order.objects.annotate(address=Lower("customer_email")).filter(mine).order_by("created_at")

    @property
    def jobs(self) -> QuerySet[Job]:
        return Job.objects.filter(
            Q(source__in=self._own_assets()) | Q(assets__in=self._own_assets())
        ).distinct()

    @property
    def assets(self) -> QuerySet[Asset]:
        """What the account owns, what is printed on the orders, and what the cut-outs of either read and made."""
        jobs = self.jobs.values_list("pk", flat=True)
        made = Q(job__in=list(jobs)) | Q(cutout_jobs__in=list(jobs))
        keys = {*self._own_assets(), *Asset.objects.filter(made).values_list("pk", flat=True)}
        return Asset.objects.filter(pk__in=keys).order_by("created_at")

    @property
    def designs(self) -> QuerySet[Design]:
        return Design.objects.filter(user=self.user) if self.user else Design.objects.none()

    @property
    def packs(self) -> QuerySet[ProductionPack]:
        return ProductionPack.objects.filter(line__order__in=self.orders.values_list("pk", flat=True))

    def _own_assets(self) -> list[UUID]:
        on_orders = LineArtwork.objects.filter(line__order__in=self.orders.values_list("pk", flat=True))
        keys = set(on_orders.values_list("asset_id", flat=True))
        if self.user is not None:
            keys |= set(Asset.objects.filter(owner=self.user).values_list("pk", flat=True))
        return list(keys)

    def words(self) -> set[str]:
        """What would give the person away, wherever it stands: address, name, telephone, street."""
        found = {self.email}
        if self.user is not None:
            found |= {self.user.email, self.user.name}
        for order in self.orders:
            addresses = (order.shipping_address, order.billing_address)
            found |= {order.customer_email, order.customer_name, order.customer_phone}
            found |= {str(address.get("line1", "")) for address in addresses if isinstance(address, dict)}
        return {word.strip() for word in found if len(word.strip()) >= _SHORTEST}


# A shorter word, such as "Ann", stands in other people's data, too.
_SHORTEST = 5


def customer_of(reference: str) -> Customer:
    """The customer with this e-mail address or account id. Raises NotFound where nothing is kept about anybody such."""
    try:
        user = User.objects.filter(pk=UUID(reference)).first()
        email = user.email if user else ""
    except ValueError:
        email = User.objects.fold_email(reference)
        user = User.objects.filter(email=email).first()
    customer = Customer(email, user)
    if not email or (user is None and not customer.orders.exists()):
        raise NotFound("Nothing is kept about this customer.", code="customer_not_found")
    return customer
