"""Nothing opens a socket: not fitting, scoring, saving, plotting, nor any command."""

import subprocess
import sys

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
