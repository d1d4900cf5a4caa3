"""Barcodes on a page: Code 128 as SVG, which every scanner reads from paper and most from a screen."""

from __future__ import annotations

from markupsafe import Markup

from fulfillment.domain.barcodes import Own, own_code
from labels.barcodes import Bars, draw
from labels.values import Symbology

HEIGHT_X = 40
"""Height of the bars in modules."""


def own_svg(kind: Own, payload: str) -> Markup:
    """One of our own barcodes; nothing where the payload cannot be one."""
    try:
        return svg(own_code(kind, payload))
    except ValueError:
        return Markup("")


def svg(content: str) -> Markup:
    """A Code 128 with its quiet zones; its text is its name for who cannot see it."""
    symbol = draw(Symbology.CODE_128, content)
    assert isinstance(symbol, Bars), "Code 128 is linear"
    path, x = [], symbol.rule.quiet_before
    for index, width in enumerate(symbol.runs):
        if index % 2 == 0:
            path.append(f"M{x} 0h{width}v{HEIGHT_X}h-{width}z")
        x += width
    total = x + symbol.rule.quiet_after
    return Markup(
        '<svg class="barcode" role="img" aria-label="{}" viewBox="0 0 {} {}" '
        'shape-rendering="crispEdges" preserveAspectRatio="xMinYMid meet">'
        '<rect width="{}" height="{}" fill="#fff"/><path d="{}" fill="#000"/></svg>'
    ).format(content, total, HEIGHT_X, total, HEIGHT_X, " ".join(path))
