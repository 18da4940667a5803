"""The dashboard's files, built when a source is younger than they are."""

import fcntl
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "bithedge" / "dashboard"
BUILT = DASHBOARD / "dist" / "index.html"
SOURCES = ("src", "public", "index.html", "vite.config.ts", "package.json")
WITHIN_S = 100


def built_dashboard() -> None:
    """Build the dashboard if it is not; one worker does it, the others wait."""
    with (ROOT / "node_modules" / ".building-dashboard").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if BUILT.exists() and BUILT.stat().st_mtime >= youngest():
            return
        npm = shutil.which("npm")
        assert npm is not None, "npm is not on the path"
        subprocess.run(  # noqa: S603 - our own build
            [npm, "run", "--silent", "build", "-w", "bithedge/dashboard"],
            cwd=ROOT,
            check=True,
            timeout=WITHIN_S,
        )


def youngest() -> float:
    """Return when a source was last changed."""
    given = [DASHBOARD / source for source in SOURCES]
    within = [file for folder in given if folder.is_dir() for file in folder.rglob("*")]
    return max(file.stat().st_mtime for file in (*given, *within))
