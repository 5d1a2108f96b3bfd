"""The plot: time per job against the number of jobs, a panel a shape, drawn by matplotlib."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from .contenders import CONTENDERS
from .plan import Options
from .records import Records

__all__ = ["draw"]

PANELS = 3
"""In a row."""


def draw(options: Options, records: Records, path: Path) -> None:
    """Write the plot to a file, in the format that its suffix names.

    Raises:
        ImportError: matplotlib is not installed.
    """
    rows = -(-len(options.shapes) // PANELS)
    figure: Any = import_module("matplotlib.figure").Figure(figsize=(13, 4 * rows))
    panels = figure.subplots(rows, PANELS, squeeze=False).flatten()
    for shape, panel in zip(options.shapes, panels, strict=False):
        draw_panel(panel, shape, records)
    for panel in panels[len(options.shapes) :]:
        panel.set_visible(False)
    lines, names = legend(panels)
    figure.legend(lines, names, loc="upper center", ncols=len(CONTENDERS), frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.3 / rows / 2))
    figure.savefig(path)


def draw_panel(panel: Any, shape: str, records: Records) -> None:
    panel.set(title=shape, xscale="log", yscale="log", xlabel="jobs", ylabel="µs a job")
    panel.grid(alpha=0.3)
    sizes = sorted({run.jobs for run in records.runs})
    for number, (name, entry) in enumerate(CONTENDERS.items()):
        times = {jobs: records.time_per_job(name, shape, jobs) for jobs in sizes}
        points = [(jobs, time * 1e6) for jobs, time in times.items() if time is not None]
        if points:
            style = {"ours": "-", "reference": "--", "peer": ":"}.get(entry.role)
            width = 3 if name == "ours" else 1.5
            x, y = zip(*points, strict=True)
            panel.plot(x, y, style, color=f"C{number}", marker="o", lw=width, label=name)


def legend(panels: Any) -> tuple[list[Any], list[str]]:
    """Return the lines and names of all panels, each name once."""
    found: dict[str, Any] = {}
    for panel in panels:
        lines, names = panel.get_legend_handles_labels()
        found |= dict(zip(names, lines, strict=True))
    return list(found.values()), list(found)
