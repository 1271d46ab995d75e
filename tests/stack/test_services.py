"""`up --services` and `down` on real processes, no engine asked: what is started, what is left alone, and that nothing is left over."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from .conftest import Stack


def answers(port: int) -> bool:
    with socket.socket() as channel:
        return channel.connect_ex(("127.0.0.1", port)) == 0


def test_services_are_started_in_order_and_stopped_in_reverse(stack: Stack) -> None:
    first, second = stack.service("one"), stack.service("two", "--wait", "0.5")
    output = stack.run("up", "--services")
    assert output.returncode == 0, output.stdout + output.stderr
    lines = output.stdout.splitlines()
    assert [line.split()[2] for line in lines[:-1]] == ["one", "one", "two", "two"]
    assert lines[-1].startswith("everything is up (")
    assert answers(first)
    assert answers(second)
    down = stack.run("down")
    assert down.returncode == 0
    assert [line.split()[2] for line in down.stdout.splitlines()[:-1]] == ["two", "one"]
    assert stack.left() == []
    assert not (stack.folder / ".stigmer-lint/state.json").exists()


def test_a_second_time_nothing_is_started(stack: Stack) -> None:
    stack.service("one")
    assert stack.run("up", "--services").returncode == 0
    before = stack.state
    again = stack.run("up", "--services")
    assert again.returncode == 0
    assert "everything is up already; nothing was started" in again.stdout
    assert stack.state == before
    assert stack.run("down").returncode == 0
    assert stack.run("down").stdout == "nothing is up\n"


def test_a_service_that_somebody_else_runs_is_left_alone(stack: Stack) -> None:
    port = stack.service("one")
    theirs = subprocess.Popen([sys.executable, "service.py", str(port)], cwd=stack.folder, stdout=subprocess.DEVNULL)
    try:
        while not answers(port):
            time.sleep(0.05)
        output = stack.run("up", "--services")
        assert output.returncode == 0
        assert "answers already" in output.stdout
        assert stack.run("down").stdout == "nothing is up\n"
        assert theirs.poll() is None
    finally:
        theirs.kill()
        theirs.wait()


@pytest.mark.parametrize("crashed", ["one", "two", "three"])
def test_a_crashed_service_is_started_again_and_down_leaves_nothing(stack: Stack, crashed: str) -> None:
    for name in ("one", "two", "three"):
        stack.service(name, "--child")
    assert stack.run("up", "--services").returncode == 0
    old = stack.pid(crashed)
    os.kill(old, signal.SIGKILL)
    output = stack.run("up", "--services")
    assert output.returncode == 0, output.stdout + output.stderr
    assert f"was started earlier (process {old}) and has ended" in output.stdout
    assert stack.pid(crashed) != old
    # The child of the one that crashed was found by its mark, though it had left the session.
    assert len([line for line in stack.left() if "child of" in line]) == 3
    os.kill(stack.pid(crashed), signal.SIGKILL)
    assert stack.run("down").returncode == 0
    assert stack.left() == []


def test_one_that_ends_is_shown_with_its_log_and_the_others_are_stopped(stack: Stack) -> None:
    port = stack.service("one")
    stack.service("two", "--wait", "0.3", "--fail")
    output = stack.run("up", "--services")
    assert output.returncode == 1
    assert "two ended while it was waited for (exit status 3); its log: .stigmer-lint/logs/two.log" in output.stderr
    assert "| cannot open the model" in output.stderr
    assert "verysecret" not in output.stdout + output.stderr
    assert "what was started is stopped again" in output.stderr
    assert not answers(port)
    assert stack.left() == []


def test_one_that_never_gets_well_is_waited_for_and_its_answer_told(stack: Stack) -> None:
    stack.service("one", "--status", "503", "--child")
    output = stack.run("up", "--services", "--within", "1")
    assert output.returncode == 1
    assert "one is not well within 1 s" in output.stderr
    assert "503" in output.stderr
    assert stack.left() == []


def test_kept_on_demand_and_stopped_by_down(stack: Stack) -> None:
    stack.service("one")
    stack.service("two", "--fail")
    output = stack.run("up", "--services", "--keep")
    assert output.returncode == 1
    assert "stop it with `stigmer-lint down`" in output.stderr
    assert answers(stack.ports["one"])
    assert stack.run("down").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("point", ["starting one", "one is up", "starting two", "two is waited for", "nearly done"])
def test_an_interrupt_at_any_point_leaves_nothing(stack: Stack, number: signal.Signals, point: str) -> None:
    stack.service("one", "--wait", "0.6", "--child")
    stack.service("two", "--wait", "0.8", "--child", "--stubborn" if point == "starting one" else "--child")
    process = stack.start("up", "--services")
    assert process.stdout is not None
    seen = {"starting one": "one", "one is up": "is well", "starting two": "two", "two is waited for": "two", "nearly done": "two"}[point]
    for line in process.stdout:
        if seen in line:
            break
    time.sleep({"two is waited for": 0.4, "nearly done": 0.95}.get(point, 0.0))
    process.send_signal(number)
    time.sleep(0.05)
    process.send_signal(number)
    _, complaint = process.communicate(timeout=60)
    assert "Traceback" not in complaint
    if point != "nearly done":
        assert process.returncode == 130, complaint
    elif process.returncode == 0:
        stack.run("down")
    assert stack.left() == []
    assert stack.state["services"] == []


def test_what_does_not_listen_to_the_first_word_is_made_to_end(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    from stigmer_lint.stack.processes import birth, end, launch, ours

    port = stack.service("one", "--stubborn", "--child")
    child = launch([sys.executable, "service.py", str(port), "--stubborn", "--child"], stack.folder, {}, stack.folder / "log", "mark/one")
    while not answers(port):
        time.sleep(0.05)
    began = birth(child.pid)
    assert began is not None
    assert len(ours(child.pid, began, "mark/one")) == 2
    assert end(child.pid, began, "mark/one", grace=0.3)
    assert child.wait() == -signal.SIGKILL
    assert stack.left() == []


def test_a_number_that_another_process_has_by_now_is_left_alone(stack: Stack) -> None:
    stack.service("one")
    assert stack.run("up", "--services").returncode == 0
    os.kill(stack.pid("one"), signal.SIGKILL)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    file = stack.folder / ".stigmer-lint/state.json"
    state = json.loads(file.read_text())
    state["services"][0]["pid"] = stranger.pid
    file.write_text(json.dumps(state))
    try:
        output = stack.run("down")
        assert output.returncode == 0
        time.sleep(0.2)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_one_run_at_a_time(stack: Stack) -> None:
    stack.service("one", "--wait", "2")
    process = stack.start("up", "--services")
    assert process.stdout is not None
    process.stdout.readline()
    output = stack.run("down")
    assert output.returncode == 2
    assert "Another up or down is at work" in output.stderr
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)


def test_what_a_killed_up_had_started_is_stopped_by_down(stack: Stack) -> None:
    stack.service("one")
    stack.service("two", "--wait", "30", "--child")
    process = stack.start("up", "--services")
    assert process.stdout is not None
    for line in process.stdout:
        if "two" in line:
            break
    time.sleep(0.2)
    process.kill()
    process.communicate()
    assert len(stack.left()) == 3
    assert stack.run("down").returncode == 0
    assert stack.left() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "is not a state of this program"), ('{"version": 9, "token": "x"}', "is of another version"), ('{"version": 1, "token": "../../x", "services": []}', "another version")],
)
def test_a_state_that_is_not_ours_is_refused(stack: Stack, text: str, said: str) -> None:
    stack.service("one")
    (stack.folder / ".stigmer-lint").mkdir()
    (stack.folder / ".stigmer-lint/state.json").write_text(text)
    output = stack.run("down")
    assert output.returncode == 2
    assert said in output.stderr
    (stack.folder / ".stigmer-lint/state.json").unlink()


def test_a_state_that_a_tree_brought_along_runs_no_program(stack: Stack) -> None:
    stack.service("one")
    program = stack.folder / "evil"
    program.write_text("#!/bin/sh\ntouch ran\n")
    program.chmod(0o755)
    (stack.folder / ".stigmer-lint").mkdir()
    state = {"version": 1, "token": "0" * 32, "containers": [{"key": "a", "name": "a", "program": str(program)}]}
    (stack.folder / ".stigmer-lint/state.json").write_text(json.dumps(state))
    output = stack.run("down")
    assert output.returncode == 1
    assert "no container engine" in output.stdout
    assert not (stack.folder / "ran").exists()
    (stack.folder / ".stigmer-lint/state.json").unlink()


def test_logs_are_shown_without_what_moves_a_cursor(stack: Stack) -> None:
    port = stack.service("one")
    assert stack.run("up", "--services").returncode == 0
    log = stack.folder / ".stigmer-lint/logs/one.log"
    with log.open("ab") as stream:
        stream.write(b"\x1b[2Jgone\n::error::forged\nOPENAI_API_KEY=sk-verysecret1234567890abcdef\n")
    output = stack.run("up", "--logs", "one")
    assert output.returncode == 0
    assert f"service on {port}" in output.stdout
    assert "\x1b" not in output.stdout
    assert "::error" not in output.stdout
    assert "verysecret" not in output.stdout
    wrong = stack.run("up", "--logs", "../../etc/passwd")
    assert wrong.returncode == 2
    assert "there is one of one" in wrong.stderr


def test_what_cannot_be_started_is_said_and_what_would_be(stack: Stack) -> None:
    stack.service("one")
    stack.service("two", program="no-such-program-anywhere")
    output = stack.run("up", "--services")
    assert output.returncode == 1
    assert "its program no-such-program-anywhere is not installed; --embedded starts a small server of ours" in output.stderr
    assert stack.left() == []
    stack.service("three", start=False)
    stack_two = stack.run("up", "--services", "--embedded")
    assert stack_two.returncode == 0, stack_two.stdout + stack_two.stderr
    assert all(line.startswith("embedded") for line in stack_two.stdout.splitlines())
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.ports['three']}/") as answer:
        assert answer.status == 200
    assert all(line.startswith("embedded") for line in stack.run("up", "--logs", "three").stdout.splitlines())
    down = stack.run("down")
    assert down.returncode == 0
    assert all(line.startswith("embedded") for line in down.stdout.splitlines())


def test_without_a_policy_there_is_nothing_to_bring_up(tmp_path: Path) -> None:
    for command in ("up", "down"):
        output = subprocess.run([sys.executable, "-P", "-m", "stigmer_lint", command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert output.returncode == 2
        assert "needs a policy" in output.stderr


def test_check_does_not_read_what_up_has_written(stack: Stack) -> None:
    stack.service("one")
    assert stack.run("up", "--services").returncode == 0
    (stack.folder / ".stigmer-lint/x.sh").write_text("docker run -e API_URL=http://localhost:1 image\n")
    subprocess.run(["git", "init", "-q"], cwd=stack.folder, check=True)
    assert "x.sh" not in stack.run("check").stdout


def test_links_in_the_folder_lead_nowhere(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "precious").write_text("kept")
    stack.service("one")
    folder = stack.folder / ".stigmer-lint"
    folder.symlink_to(elsewhere)
    output = stack.run("up", "--services")
    assert output.returncode == 2
    assert "symbolic link" in output.stderr
    folder.unlink()
    (folder / "logs").mkdir(parents=True)
    for name in ("logs/one.log", "state.json.new", "state.new", ".gitignore"):
        (folder / name).symlink_to(elsewhere / "precious")
    assert stack.run("up", "--services").returncode == 0
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]
    assert (elsewhere / "precious").read_text() == "kept"


def test_where_only_ps_tells_of_processes_the_group_is_ended(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS."""
    from stigmer_lint.stack import processes

    monkeypatch.setattr(processes, "_LINUX", False)
    port = stack.service("one")
    child = processes.launch(["sh", "-c", f"{sys.executable} service.py {port}; true"], stack.folder, {}, stack.folder / "log", "mark/one")
    while not answers(port):
        time.sleep(0.05)
    began = processes.birth(child.pid)
    assert began is not None
    assert began.split()[-1].isdigit()
    assert processes.ours(child.pid, "another time", "mark/one") == ()
    assert processes.end(child.pid, began, "mark/one", grace=3)
    child.wait()
    assert stack.left() == []
