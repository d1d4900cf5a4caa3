"""What products are called: for pages on which somebody types SKUs."""

from __future__ import annotations

from collections.abc import Iterable

from fulfillment.domain.people import Actor, Permission
from fulfillment.services.catalogue.products import products_by_sku, seller_seen
from fulfillment.store.transaction import Transaction, reads


@reads
def names_by_sku(tx: Transaction, actor: Actor, seller: str, skus: Iterable[str]) -> dict[str, str]:
    """The names of those of *skus* that the seller has."""
    seller_id = seller_seen(tx, actor, Permission.SEE_CATALOGUE, seller)
    wanted = sorted({sku for sku in skus if sku})
    return {sku: row["name"] for sku, row in products_by_sku(tx, seller_id, wanted).items()}
