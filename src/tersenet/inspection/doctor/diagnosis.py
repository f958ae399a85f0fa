"""A diagnosis, and how people read it: findings in sentences, a row for each rule, a row for each layer if wanted."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tersenet._table import Column, Table
from tersenet.inspection.doctor.check_record import CLEAR, FOUND, Check, DoctorFinding, LayerReading
from tersenet.networks import spelled

if TYPE_CHECKING:
    from rich.console import RenderableType

STYLES = {"fault": "bold red", "warning": "bold yellow", FOUND: "red", CLEAR: "green"}


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Everything that the doctor checked: `checks` in the order of the rules, `layers` in the order of calls.

    `of` and `data` name the network and the data, `notice` says what must be known of the data, and `pictures` is
    the number of training pictures used.
    `print(diagnosis)` shows it as `tersenet doctor` does.
    """

    checks: tuple[Check, ...]
    layers: tuple[LayerReading, ...]
    pictures: int
    of: str = "the network"
    data: str = "the batches given"
    notice: str | None = None

    @property
    def findings(self) -> tuple[DoctorFinding, ...]:
        """What is wrong: faults first, then warnings, each in the order of the rules."""
        found = [finding for check in self.checks for finding in check.findings]
        return tuple(sorted(found, key=lambda finding: finding.severity != "fault"))

    @property
    def healthy(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def check(self, rule: str) -> Check:
        """The check of one rule, by its name; KeyError where there is none."""
        return {check.rule: check for check in self.checks}[rule]

    @property
    def verdict(self) -> str:
        """One sentence.

        >>> Diagnosis(checks=(Check(rule="labels", reading=""),), layers=(), pictures=9).verdict
        'Nothing found: 1 rule was checked on 9 pictures.'
        """
        looked = sum(check.looked for check in self.checks)
        rules = f"{looked} rule was" if looked == 1 else f"{looked} rules were"
        base = f"{rules} checked on {self.pictures:,} pictures."
        if self.healthy:
            return f"Nothing found: {base}"
        counts = Counter[str](finding.severity for finding in self.findings)
        return f"{_counted(counts)} found: {base}"

    def __str__(self) -> str:
        return format_diagnosis(self)


def finding_text(finding: DoctorFinding) -> RenderableType:
    """Severity, rule and place on the first line; figure, reason and hint indented under it."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    head = Text(f"{finding.severity}: {finding.rule}, {finding.where}", style=STYLES[finding.severity])
    figure = finding.figure[0].upper() + finding.figure[1:]
    body = [Text(f"{figure}. {finding.why}"), Text(f"Hint: {finding.hint}.")]
    return Group(head, *(Padding(line, (0, 0, 0, 2)) for line in body))


def rule_table(diagnosis: Diagnosis) -> Table:
    """What each rule measured and whether it found anything; fits the console from 40 columns on."""
    from rich.text import Text

    columns = (
        Column(title="rule", right=False),
        Column(title="", right=False, wraps=7),
        Column(title="measured", right=False, wraps=12),
    )
    rows = [
        (check.rule, Text(check.status, style=STYLES.get(check.status, "dim")), check.reading)
        for check in diagnosis.checks
    ]
    return Table(columns=columns, rows=rows)


def reading_table(diagnosis: Diagnosis) -> Table:
    """What was measured of each layer, numbered as in `tersenet summary`; fits the console from 40 columns on."""
    columns = (
        Column(title="#"),
        Column(title="layer", right=False, least=11, keeps="start"),
        Column(title="output", right=False, leaves=1),
        Column(title="signal"),
        Column(title="never fire", leaves=2),
        Column(title="gradient"),
    )
    rows = [
        (
            str(row.number),
            row.type,
            spelled(row.output_shape),
            f"{row.signal:.3g}",
            "" if row.units is None else f"{row.dead} of {row.units}",
            "" if row.gradient is None else f"{row.gradient:.2g}",
        )
        for row in diagnosis.layers
    ]
    return Table(columns=columns, rows=rows)


def format_diagnosis(diagnosis: Diagnosis, *, width: int = 80) -> str:
    """The whole diagnosis as plain text.

    >>> from tersenet.inspection import Check
    >>> check = Check(rule="labels", reading="nearest neighbour 88 %, linear 71 %, chance 11 %")
    >>> print(format_diagnosis(Diagnosis(checks=(check,), layers=(), pictures=2048)))
    the network, on the batches given
    Nothing found: 1 rule was checked on 2,048 pictures.
    <BLANKLINE>
    rule           measured
    labels  clear  nearest neighbour 88 %, linear 71 %, chance 11 %
    """
    from rich.console import Console

    text = io.StringIO()
    console = Console(
        file=text, width=width, highlight=False, color_system=None, force_terminal=False, force_jupyter=False
    )
    for part in diagnosis_parts(diagnosis):
        console.print(part, markup=False)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def diagnosis_parts(diagnosis: Diagnosis) -> list[RenderableType]:
    """What is shown, from top to bottom: the network and data, the verdict, the findings, the rules."""
    from rich.text import Text

    parts: list[RenderableType] = [
        *([Text(diagnosis.notice, style="bold yellow")] if diagnosis.notice else ()),
        Text(f"{diagnosis.of}, on {diagnosis.data}", style="bold"),
        Text(diagnosis.verdict, style="green" if diagnosis.healthy else "red"),
        Text(""),
    ]
    for finding in diagnosis.findings:
        parts += [finding_text(finding), Text("")]
    return [*parts, rule_table(diagnosis)]


def _counted(counts: Counter[str]) -> str:
    words: Iterable[str] = (
        f"{counts[kind]} {kind}{'s' if counts[kind] > 1 else ''}" for kind in ("fault", "warning") if counts[kind]
    )
    return " and ".join(words)
