"""Wave planning: orders onto carts so that the whole shift walks least."""

from fulfillment.domain.batching.orders import Batching, BatchOrder, CartLimits
from fulfillment.domain.batching.plan import batches, orders_within, plan_batches

__all__ = ["BatchOrder", "Batching", "CartLimits", "batches", "orders_within", "plan_batches"]
