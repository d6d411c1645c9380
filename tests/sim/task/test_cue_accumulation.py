import shutil
from pathlib import Path

import numpy as np
import pytest

from spikewright.hdl.error import InputError
from spikewright.hdl.reckon.config import ReckonConfig
from spikewright.sim.model import open_model
from spikewright.sim.task import cue_accumulation as task
from spikewright.sim.task.catalogue import find_task
from spikewright.sim.task.eprop_plot import record

FILES = Path(__file__).resolve().parents[4] / "shared" / "traces" / "reckon" / "cue-accumulation"

#: Right answers in training and test, by epoch (specification, section 17).
TABLE = [
    (32, 45), (46, 49), (47, 49), (46, 50), (48, 50), (47, 50), (49, 47), (48, 49),
    (48, 49), (50, 49), (50, 48), (49, 47), (49, 47), (49, 46), (50, 46),
]  # fmt: skip

supplied = pytest.mark.needs("cue-accumulation")


def curve(result):
    return [
        (epoch["training_correct"], epoch["test_correct"]) for epoch in result.details["epochs"]
    ]


@supplied
@pytest.mark.slow
@pytest.mark.parametrize("epochs", [1, 15], ids=["first", "all"])
def test_the_published_learning_curve(epochs):
    with open_model(ReckonConfig()) as model:
        result = task.perform(model, data=FILES, epochs=epochs)
    assert curve(result) == TABLE[:epochs]
    assert [epoch["epoch"] for epoch in result.details["epochs"]] == [*range(1, epochs + 1)]
    assert (result.task, result.samples) == ("cue-accumulation", 50)
    assert result.accuracy == TABLE[epochs - 1][1] / 50
    assert len(result.output_events) == 100 * epochs


@supplied
def test_supplied_samples():
    data = task.read_data(FILES)
    for samples, zeros in ((data.training, 22), (data.test, 29)):
        assert [sample.label for sample in samples].count(0) == zeros
        assert len(samples) == 50
        assert {len(sample.spikes) for sample in samples} == {task.STEPS}
        assert 450 < np.mean([sample.events for sample in samples]) < 650
    assert not data.weights["weights_rec"].diagonal().any()


def test_generated_samples():
    random = np.random.RandomState(3)
    samples = [task.generate_sample(random) for _ in range(200)]
    counts = np.zeros((task.STEPS, task.INPUTS), dtype=int)
    shares = []
    for sample in samples:
        fires = np.zeros(counts.shape, dtype=int)
        for step, spikes in enumerate(sample.spikes):
            assert (np.diff(spikes) > 0).all()
            fires[step, spikes] = 1
        cues = fires[:1050].reshape(7, 150, 4, 10)
        assert not cues[:, :50, :2].any()
        sides = cues[:, :, :2].sum(axis=(1, 3)) > 0
        assert (sides.sum(axis=1) == 1).all()
        assert sample.label == (sides[:, 1].sum() > 3)
        shares.append(sides[:, 1].mean())
        assert not fires[1050:, :20].any()
        assert not fires[: task.RECALL, 20:30].any()
        counts += fires
    assert counts[task.RECALL :, 20:30].mean() / 200 == pytest.approx(0.04, rel=0.05)
    assert counts[:, 30:].mean() / 200 == pytest.approx(0.01, rel=0.02)
    cues = counts[:1050, :20].reshape(7, 150, 20)[:, 50:]
    assert cues.sum(axis=2).mean() / 200 / 10 == pytest.approx(0.04, rel=0.05)
    labels = [sample.label for sample in samples]
    assert 0.35 < np.mean(labels) < 0.65
    # With p = 0.3 or 0.7 shares far from a half are common.
    assert np.std(shares) > 0.23
    assert np.mean([sample.events for sample in samples]) == pytest.approx(565, rel=0.05)


def test_generated_data():
    data, again, other = task.generate_data(), task.generate_data(1), task.generate_data(2)
    assert len(data.training) == len(data.test) == 50
    for memory, weights in data.weights.items():
        assert weights.shape == task.NETWORK.shapes[memory]
        assert np.array_equal(weights, again.weights[memory])
        assert abs(weights).max() <= 127
    assert not data.weights["weights_rec"].diagonal().any()
    assert all(
        np.array_equal(a, b) for a, b in zip(data.test[3].spikes, again.test[3].spikes, strict=True)
    )
    assert any(
        len(a) != len(b) for a, b in zip(data.test[3].spikes, other.test[3].spikes, strict=True)
    )
    # The same on every machine.
    assert [sample.events for sample in data.training[:4]] == [575, 615, 593, 560]
    assert sum(sample.events for sample in (*data.training, *data.test)) == 56444
    assert (
        "".join(str(sample.label) for sample in data.training)
        == "11000101111100011111000001100101001010100011111000"
    )


def test_a_recording_shows_spikes():
    data = task.generate_data()
    recording = record(task.NETWORK, ReckonConfig(), data.weights, data.test[0])
    assert recording.spikes.shape == recording.traces.shape == (task.STEPS, task.NEURONS)
    assert not recording.spikes[:50].all(axis=1).any()
    assert recording.spikes.sum() > 50
    # A spike adds one, unless the trace is full, and nothing else makes a trace grow.
    rises = np.diff(recording.traces, axis=0)
    full = recording.traces[1:] > 31.9
    assert (rises[recording.spikes[1:] & ~full] > 0.95).all()
    assert (rises[~recording.spikes[1:]] <= 0).all()
    assert abs(recording.outputs).max() > 100


def test_the_catalogue():
    found, core = find_task("cue-accumulation", None)
    assert core == "reckon"
    assert found.options == ("data", "epochs")


def test_no_data(tmp_path):
    with open_model(ReckonConfig()) as model:
        for folder, message in (
            (tmp_path / "none", "there is no such folder"),
            (tmp_path, "dataset_cueAcc_train.dat: cannot be read: No such file or directory"),
        ):
            with pytest.raises(InputError, match=message):
                task.perform(model, data=folder)


def sample_lines(label=1):
    return ["3, 0", "39, 2249", f"-2, {label}", "-1, 2250"]


@pytest.fixture
def folder(tmp_path):
    """A folder with small files, all right."""
    for name in ("train", "test"):
        lines = ["2", *sample_lines(0), *sample_lines(1)]
        (tmp_path / f"dataset_cueAcc_{name}.dat").write_text("\n".join(lines) + "\n")
    for name, count in (("inp", 4000), ("rec", 10000), ("out", 200)):
        path = tmp_path / f"init_rand_weights_{name}_cueAcc.dat"
        path.write_text("".join(f"{index % 256 - 128}\n" for index in range(count)))
    return tmp_path


def test_files(folder):
    data = task.read_data(folder)
    assert [sample.label for sample in data.test] == [0, 1]
    assert data.training[0].spikes[0].tolist() == [3]
    assert data.training[1].spikes[2249].tolist() == [39]
    assert data.weights["weights_in"][0, :3].tolist() == [-128, -127, -126]
    assert data.weights["weights_out"].shape == (100, 2)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "line 1 is not the number of samples"),
        (["0"], "line 1 is not the number of samples"),
        (["2", *sample_lines()], "1 whole samples, the first line says 2"),
        (
            ["1", *sample_lines(), "3, 4"],
            "1 whole samples, the first line says 1, and nothing after",
        ),
        (["1", "40, 0", *sample_lines()], "line 2 is 40, 0, allowed are input 0 to 39"),
        (["1", "0, 2250", *sample_lines()], "line 2 is 0, 2250"),
        (["1", *sample_lines(2)], "line 4 is -2, 2"),
        (["1", "-1, 2250"], "line 2 is -1, 2250"),
        (["1", "3"], "line 2 has 1 numbers, allowed are 2"),
        (["1", "3, x"], "line 2 is '3, x', allowed are whole numbers"),
    ],
)
def test_bad_samples(folder, lines, message):
    (folder / "dataset_cueAcc_test.dat").write_text("\n".join(lines))
    with pytest.raises(InputError, match=f"dataset_cueAcc_test.dat: {message}"):
        task.read_data(folder)


def test_bad_weights(folder):
    path = folder / "init_rand_weights_out_cueAcc.dat"
    for text, message in (
        ("1\n" * 199, "199 weights, allowed are 100 x 2"),
        ("128\n", "line 1: allowed is one whole number from -128 to 127"),
        ("1, 2\n", "line 1: allowed is one whole number"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            task.read_data(folder)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not text"):
        task.read_data(folder)
    shutil.rmtree(folder)
    with pytest.raises(InputError, match="there is no such folder"):
        task.read_data(folder)
