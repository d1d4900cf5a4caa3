"""Pick planning: the shortest walk past the places of a pick list.

`route` and `plan` answer for a rectangular layout, `plan_walkways` for one of any shape, and
`order_stops` for bins of which some may not be drawn.
"""

from fulfillment.domain.routing.layout import Direction, Layout, LayoutError, Place
from fulfillment.domain.routing.plan import Proof, Route, plan, route
from fulfillment.domain.routing.stops import OrderBasis, StopOrder, StopPlace, order_stops
from fulfillment.domain.routing.walkways import (
    Walkway,
    WalkwayRoute,
    Walkways,
    plan_walkways,
)

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
    "Walkway",
    "WalkwayRoute",
    "Walkways",
    "order_stops",
    "plan",
    "plan_walkways",
    "route",
]
