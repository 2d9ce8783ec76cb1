"""The process of a service: its socket, its end, and what it does under load."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("starlette")

from anomaly import TableDetector

BODY = json.dumps({"columns": {"a": [1.0] * 64, "b": [2.0] * 64}}).encode()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("serve") / "m.npz"
    x = np.random.default_rng(0).normal(size=(200, 2))
    TableDetector(hidden=(4,), epochs=2, random_state=0).fit({"a": x[:, 0], "b": x[:, 1]}).save(path)
    return path


def _start(*arguments):
    command = [sys.executable, "-W", "error", "-m", "anomaly", "serve", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return process, line.split(" at ")[1].split(":")[2]


@pytest.fixture
def server(model):
    process, port = _start("--model", model, "--port", "0")
    yield process, int(port)
    if process.poll() is None:
        process.kill()
    process.communicate()


def _post(port, body=BODY):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/score", body, {"content-type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_and_ends_without_an_error(server, number):
    process, port = server
    # A client that goes before the end of its body is no fault of the service.
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        head = (
            "POST /score HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{"
        )
        connection.sendall(head.encode())
    assert len(_post(port)["scores"]) == 64
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert err == ""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_the_body_of_an_answer_does_not_wait_for_the_client(server):
    _, port = server
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    seconds = []
    for _ in range(30):
        start = time.perf_counter()
        connection.request("POST", "/score", BODY, {"content-type": "application/json"})
        assert len(connection.getresponse().read()) > 100
        seconds.append(time.perf_counter() - start)
    connection.close()
    # Linux acknowledges after 40 ms what is half an answer; a loaded machine delays single answers, too.
    assert np.quantile(seconds, 0.3) < 0.035


def test_requests_under_way_are_answered_before_the_end(server):
    process, port = server
    _post(port)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        head = (
            f"POST /score HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(BODY)}"
        )
        connection.sendall(head.encode() + b"\r\n\r\n" + BODY[:100])
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        connection.sendall(BODY[100:])
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_it_listens_to_this_machine_alone(server):
    _, port = server
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    addresses = {fields[1] for fields in listening if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port}
    assert addresses == {f"0100007F:{port:04X}"}


def test_many_at_once_have_the_same_scores(server):
    _, port = server
    expected, found = _post(port)["scores"], []

    def ask():
        for _ in range(10):
            found.append(_post(port)["scores"])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 80


def test_errors_before_the_start_are_one_line(model, tmp_path, server):
    _, port = server
    for arguments, words in (
        (["--model", tmp_path / "none.npz"], "none.npz"),
        (["--model", model, "--port", port], f"cannot listen at 127.0.0.1, port {port}"),
    ):
        command = [sys.executable, "-m", "anomaly", "serve", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 2
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1
