"""Pick planning: the shortest walk past the places of a pick list.

`route` and `plan` answer for a drawn layout, `order_stops` for bins of which some may not be drawn.
"""

from fulfillment.domain.routing.layout import Direction, Layout, LayoutError, Place
from fulfillment.domain.routing.plan import Proof, Route, plan, route
from fulfillment.domain.routing.stops import OrderBasis, StopOrder, StopPlace, order_stops

__all__ = [
    "Direction",
    "Layout",
    "LayoutError",
    "OrderBasis",
    "Place",
    "Proof",
    "Route",
    "StopOrder",
    "StopPlace",
    "order_stops",
    "plan",
    "route",
]
