"""Nothing opens a socket: not fitting, scoring, saving, plotting, nor any command but ``anomaly serve``."""

import re
import subprocess
import sys
from pathlib import Path

import anomaly

PROGRAM = """
import sys
opened = []
def watch(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.client", "ftplib.", "smtplib.")):
        opened.append((event, arguments))
sys.addaudithook(watch)
from anomaly.cli import main
folder = sys.argv[1]
assert main(["demo", "-o", folder, "--records", "200"]) == 0
data, model = f"{folder}/data.csv", f"{folder}/model.npz"
assert main(["info", "-m", model]) == 0
assert main(["drift", data, "-m", model, "--drop", "label"]) in (0, 1)
import nnlite
from nnlite.layers import Dense, Input
network = nnlite.Sequential([Input((3,)), Dense(3)])
network.compile("adam", "mse")
import numpy
network.fit(numpy.ones((50, 3)), numpy.ones((50, 3)), epochs=2, verbose=0, backend="numba")
network.save(f"{folder}/network.npz")
nnlite.load_model(f"{folder}/network.npz")
assert not opened, opened
"""


def test_nothing_opens_a_socket(tmp_path):
    subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path / "demo")], check=True, capture_output=True)


def test_the_watch_would_notice():
    program = PROGRAM.partition("from anomaly")[0] + "import socket; socket.socket().close(); sys.exit(bool(opened))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 1


def test_the_service_and_clusters_of_dask_alone_have_sockets():
    imports = re.compile(
        r"^\s*(?:import|from) (socket|socketserver|http|urllib|ssl|asyncio|uvicorn|starlette|anyio)\b", re.MULTILINE
    )
    root = Path(anomaly.__file__).parents[1]
    sources = [path for package in ("anomaly", "nnlite") for path in (root / package).rglob("*.py")]
    found = {path.relative_to(root).parent.as_posix() for path in sources if imports.search(path.read_text())}
    # Of a cluster the loop that Dask runs is waited for; its connections are those of Dask.
    assert found == {"anomaly/serve", "anomaly/distributed"}


def test_the_service_is_imported_by_its_command_alone():
    program = (
        "import pkgutil, sys, anomaly.cli, anomaly.detectors\n"
        "for one in pkgutil.iter_modules(anomaly.cli.__path__): __import__(f'anomaly.cli.{one.name}')\n"
        "found = [name for name in sys.modules if name.startswith(('anomaly.serve', 'starlette', 'uvicorn'))]\n"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
