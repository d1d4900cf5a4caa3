"""Scales: bytes from a device in, settled weights of parcels out.

::

    readings    what a scale says: grams, stable or not, what is wrong
    toledo      continuous output of Toledo-compatible indicators
    sics        Mettler-Toledo's standard command set: S, SI, SIR
    indicator   text lines with a header: "ST,GS,+  1.234kg"
    hid         USB scales, HID usage page 0x8D
    settling    readings in, each weight once
    kept        weights that the server has not answered yet
    posting     one weight to the server's API
    bridge      a serial port on one side, the server on the other

The first six are pure.  ``stations/static/scale.js`` says the same in the browser; one table of
byte streams holds both to it (``tests/support/scale_streams.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from stations.scales.hid import HidScale
from stations.scales.indicator import Indicator
from stations.scales.readings import Decoder, Reading, Trouble
from stations.scales.settling import StableWeight
from stations.scales.sics import Sics
from stations.scales.toledo import Toledo, ToledoWithChecksum

DECODERS: Mapping[str, Callable[[], Decoder]] = {
    "toledo": Toledo,
    "toledo-checksum": ToledoWithChecksum,
    "sics": Sics,
    "indicator": Indicator,
    "hid": HidScale,
}
"""Protocol name -> a fresh decoder."""

SERIAL_PROTOCOLS = tuple(name for name in DECODERS if name != "hid")
"""What a serial port may speak."""

__all__ = ["DECODERS", "SERIAL_PROTOCOLS", "Decoder", "Reading", "StableWeight", "Trouble"]
