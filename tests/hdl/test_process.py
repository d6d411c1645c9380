"""Child processes end with what started them, and with all that they have started themselves."""

import os
import sys
import threading
import time

import pytest

from spikewright.hdl.error import InputError, RunError
from spikewright.hdl.process import run_process, stop_processes
from spikewright.hdl.toolchain import working_folder

# Starts a child of its own; both write a file when they are up, and wait.
FAMILY = """\
import pathlib, subprocess, sys, time
if sys.argv[1:]:
    subprocess.Popen([sys.executable, __file__])
pathlib.Path("parent" if sys.argv[1:] else "child").write_text("")
time.sleep(600)
"""


def alive(folder):
    """Return the processes whose working directory is a folder, removed or not."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{name}/cwd").startswith(str(folder)):
                found.append(int(name))
        except OSError:
            continue
    return found


def ended(folder):
    """Tell whether no process is left in a folder, or is gone in a moment: it may be dying."""
    for _ in range(1000):
        if not alive(folder):
            return True
        time.sleep(0.01)
    return False


def start(folder):
    """Run the family in a folder."""
    (folder / "family.py").write_text(FAMILY)
    return run_process([sys.executable, "family.py", "child"], folder=folder)


def wait_for(folder):
    while not all((folder / name).exists() for name in ("parent", "child")):
        time.sleep(0.01)


def test_status_and_output(tmp_path):
    script = "import sys; print('é'); print('more', file=sys.stderr); sys.exit(3)"
    status, output = run_process(
        [sys.executable, "-c", script], folder=tmp_path, environment={"PYTHONUTF8": "1"}
    )
    assert status == 3
    assert sorted(output.split()) == ["more", "é"]


def test_an_exception_ends_the_whole_group(tmp_path, monkeypatch):
    """As Ctrl-C or SIGTERM raises it while the program is waited for."""

    def interrupt(process, *arguments):
        wait_for(tmp_path)
        raise KeyboardInterrupt

    monkeypatch.setattr("spikewright.hdl.process.subprocess.Popen.communicate", interrupt)
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path)
    assert ended(tmp_path)


def test_processes_of_other_threads(tmp_path):
    results = []
    thread = threading.Thread(target=lambda: results.append(start(tmp_path)))
    thread.start()
    wait_for(tmp_path)
    assert len(alive(tmp_path)) == 2
    stop_processes(tmp_path)
    thread.join()
    assert results[0][0] != 0
    assert ended(tmp_path)
    with pytest.raises(RunError, match="is not started any more"):
        start(tmp_path)


def test_a_working_folder_that_is_given_up():
    with pytest.raises(KeyboardInterrupt), working_folder() as folder:
        thread = threading.Thread(target=start, args=(folder,))
        thread.start()
        wait_for(folder)
        raise KeyboardInterrupt
    thread.join()
    assert not folder.exists()
    assert ended(folder)


def test_no_place_for_temporary_files(monkeypatch):
    def full(**options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spikewright.hdl.toolchain.tempfile.mkdtemp", full)
    with pytest.raises(
        InputError, match=r"temporary files: cannot be used: No space left on device$"
    ):
        with working_folder():
            pytest.fail("there is none")
