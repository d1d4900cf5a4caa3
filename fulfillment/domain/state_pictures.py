"""The state machines as a page of Mermaid pictures: ``docs/states.md`` is made here.

python -m fulfillment.domain.state_pictures > docs/states.md
"""

from __future__ import annotations

import sys

from fulfillment.domain.states import MACHINES, Machine


def page() -> str:
    """The whole of ``docs/states.md``; a test holds the file to it."""
    head = (
        "# State machines\n\n"
        "Made from `fulfillment/domain/states.py` by `python -m fulfillment.domain.state_pictures`.\n"
    )
    return head + "".join(_section(machine) for machine in MACHINES)


def _section(machine: Machine) -> str:
    picture = [
        "stateDiagram-v2",
        f"    [*] --> {_name(machine.initial)}",
        *(
            f"    {_name(row.source)} --> {_name(row.target)}: {row.event}"
            for row in machine.transitions
        ),
    ]
    table = [
        "| from | event | to | guard | effect |",
        "|---|---|---|---|---|",
        *(
            f"| {row.source} | {row.event} | {row.target} | {row.guard} | {row.effect} |"
            for row in machine.transitions
        ),
    ]
    return "\n".join(
        ["", f"## {machine.name.capitalize()}", "", "```mermaid", *picture, "```", "", *table, ""]
    )


def _name(state: str) -> str:
    return state.replace("-", "_")


if __name__ == "__main__":
    sys.stdout.write(page())
