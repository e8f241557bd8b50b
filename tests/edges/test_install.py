"""Installed as a wheel, editable, or where nothing may be written: it finds what travels with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("seeds/taxonomy.yaml", "seeds/labels.jsonl", "models/manifest.json", "feeds.yaml")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it would be released."""
    folder = tmp_path_factory.mktemp("wheel")
    uv = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    if Path(uv).exists():
        command = [uv, "build", "--wheel", "--quiet", "--out-dir", str(folder), str(ROOT)]
    else:
        pytest.importorskip("pip")
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Path:
    """The wheel's files in a folder of their own, away from the checkout."""
    folder = tmp_path / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_from(folder: Path, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")}
    env |= {"PYTHONPATH": str(folder), "MONITOR_DATA_DIR": str(tmp_path / "data"), "PYTHONDONTWRITEBYTECODE": "1"}
    code = f"import sys; sys.path[:] = [{str(folder)!r}] + [p for p in sys.path if p != {str(ROOT)!r}]\n"
    code += "import monitor; assert monitor.__file__.startswith(sys.path[0]), monitor.__file__\n"
    code += f"from monitor.cli import main; sys.exit(main({list(arguments)!r}))"
    return subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(p): (p.stat().st_size, p.stat().st_mtime_ns)
        for p in folder.rglob("*")
        if p.suffix != ".pyc" and p.is_file()
    }


def test_a_wheel_away_from_the_checkout_finds_everything(installed: Path, tmp_path: Path) -> None:
    done = run_from(installed, tmp_path, "demo", "--once")
    assert done.returncode == 0, done.stderr
    assert "items from 3 feeds" in done.stdout
    assert "invented feeds" in done.stdout
    listed = run_from(installed, tmp_path, "feeds", "list", "--json")
    assert listed.stdout.count("\n") >= 150


def test_an_editable_install_uses_the_checkout() -> None:
    code = f"from monitor import resources; print(*[resources.path(p) for p in {SHIPPED!r}], sep='\\n')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert found.stdout.split() == [str(ROOT / name) for name in SHIPPED]


def test_nothing_is_written_where_the_product_lies(installed: Path, tmp_path: Path) -> None:
    before = snapshot(installed)
    for folder in [installed, *(p for p in installed.rglob("*") if p.is_dir())]:
        folder.chmod(0o555)
    try:
        for arguments in (("demo", "--once"), ("db", "upgrade"), ("train",), ("status",)):
            done = run_from(installed, tmp_path, *arguments)
            assert done.returncode == 0, done.stderr
    finally:
        for folder in [installed, *(p for p in installed.rglob("*") if p.is_dir())]:
            folder.chmod(0o755)
    assert snapshot(installed) == before


def test_a_foreign_folder_beside_the_package_is_not_ours(installed: Path, tmp_path: Path) -> None:
    (installed / "models").mkdir()
    (installed / "models" / "manifest.json").write_text("{}")
    done = run_from(installed, tmp_path, "model", "list", "--json")
    assert done.returncode == 0, done.stderr
    assert "shipped" in done.stdout
