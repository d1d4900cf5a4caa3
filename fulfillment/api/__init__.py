'''The JSON API under ``/api/v1``: OpenAPI 3.1, RFC 9457 problems, tokens with scopes.

::

    frame      who asks, may they, is the input right, once only: what every route goes through
    inputs     strict models of what comes in; pages of long lists
    problems   the one table from error to status
    health     /healthz /readyz /metrics /openapi.json /api/docs
    scans      what the endpoints of the floor share
    orders …   the routes, one module a subject

A route module is written like this, and named in :data:`MODULES`::

    routes = Routes("orders", tag="Orders")

    class HoldInput(Input):                      # strict: unknown fields, wrong types refused
        """Why it must wait."""                  # docstrings and Field(description=) are the docs
        kind: HoldKind = Field(strict=False)     # an enum comes as text
        reason: Reason

    class OrderOutput(Output):                   # reads the attributes of the service's result
        """An order."""
        number: str
        state: str

    @routes.post("/orders/<int:order_id>/holds", permission=Permission.REVIEW_ORDERS,
                 answer=OrderOutput, status=201)
    def hold(actor: Actor, order_id: int, body: HoldInput) -> orders.OrderRow:
        """Stop an order."""                     # summary of the route
        return orders.hold(actor, order_id, kind=body.kind, reason=body.reason)

The handler parses nothing, catches nothing and calls exactly one service, whose result it returns
as it is: the frame renders it, and stores it with an ``Idempotency-Key`` in the transaction of the
effect. *permission* is asked for anywhere; warehouse and seller are the service's to check. A long
list takes ``query: PageQuery``, returns :class:`fulfillment.services.paging.Page` and answers with
a :class:`PageOutput`. What a field of the answer reveals only once is named in *once*.
'''

from flask_openapi3.openapi import OpenAPI

from fulfillment.api import (
    alerts,
    allocation,
    auditing,
    board,
    carriers,
    catalogue,
    dispatch,
    health,
    house_labels,
    imports,
    labels,
    orders,
    outbox,
    packing,
    papers,
    people,
    picking,
    printing,
    proof_photos,
    reports,
    schedules,
    stock,
    tasks,
    walls,
    waves,
)

MODULES = (
    orders,
    allocation,
    waves,
    picking,
    walls,
    packing,
    proof_photos,
    dispatch,
    labels,
    house_labels,
    printing,
    papers,
    carriers,
    tasks,
    stock,
    catalogue,
    imports,
    board,
    reports,
    schedules,
    alerts,
    outbox,
    auditing,
    people,
)
"""Every module with ``routes``."""


def register(app: OpenAPI) -> None:
    """Add the API to the application."""
    app.register_blueprint(health.blueprint)
    for module in MODULES:
        app.register_api(module.routes.blueprint)
