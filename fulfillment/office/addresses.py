"""An address out of a form."""

from __future__ import annotations

from fulfillment.domain.orders import PostalAddress
from fulfillment.office import forms


def typed_address() -> PostalAddress:
    """The address of the form; an incomplete one is no fault, it makes a hold."""
    street = (line.strip() for line in forms.lines("lines").split("\n"))
    return PostalAddress(
        country=forms.text("country", most=2, required=False).upper(),
        name=forms.text("name", required=False),
        company=forms.text("company", required=False),
        lines=tuple(line for line in street if line),
        city=forms.text("city", required=False),
        region=forms.text("region", required=False),
        postcode=forms.text("postcode", most=32, required=False),
        phone=forms.text("phone", most=64, required=False),
        email=forms.text("email", most=254, required=False),
    )
