"""Data layers: order, shuffling, what is done to images; SyncedMemory: which side is the newest."""

import numpy as np
import pytest

import trivium
import trivium_api_prototxt as caffe
from trivium import registry
from trivium.spec import Spec
from trivium.tensor import Parameter
from trivium.testing.fake import FakeBackend
from trivium_api_prototxt.data.idx_data import IdxData
from trivium_api_prototxt.data.transform import Transform
from trivium_api_prototxt.errors import PrototxtError
from trivium_api_prototxt.idx import MissingDataError
from trivium_api_prototxt.synced_memory import State, SyncedMemory

pytestmark = pytest.mark.usefixtures("own_folder")
PIXELS = np.arange(7 * 12, dtype=np.uint8).reshape(7, 1, 3, 4)
LABELS = np.arange(7)
FILES = "idx_data_param { images: 'images.idx' labels: 'labels.idx' }"


def batches(source, count):
    return np.concatenate([source.next()[1] for _ in range(count)]).astype(int)


class TestIdxData:
    def test_batches_go_round_in_the_order_of_the_file(self):
        source = IdxData(PIXELS, LABELS, 3)

        assert batches(source, 4).tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4] and source.position == 12

    def test_every_epoch_has_all_items_in_an_order_of_its_own(self):
        source = IdxData(PIXELS, LABELS, 7, shuffle=True)
        first, second = batches(source, 1), batches(source, 1)

        assert sorted(first) == sorted(second) == list(range(7)) and list(first) != list(second)

    def test_what_comes_next_follows_from_position_and_seed(self):
        one, other = IdxData(PIXELS, LABELS, 2, shuffle=True), IdxData(PIXELS, LABELS, 2, shuffle=True)
        skipped, wanted = batches(one, 5), batches(one, 5)

        other.position = len(skipped)

        assert np.array_equal(batches(other, 5), wanted)
        other.seed, other.position = 9, len(skipped)
        assert not np.array_equal(batches(other, 5), wanted)

    def test_a_net_reads_its_images_scaled_and_in_batches(self, make_net, images):
        pixels, labels = images
        text = """layer { name: "d" type: "IdxData" top: "data" top: "label"
          transform_param { scale: 0.5 mean_value: 10 }
          idx_data_param { images: "images.idx" labels: "labels.idx" batch_size: 5 } }"""
        net = make_net(text, caffe.TEST)

        for start in (0, 5):
            net.forward()
            np.testing.assert_allclose(net.blobs["data"].data[:, 0], (pixels[start : start + 5] - 10.0) / 2)
            assert np.array_equal(net.blobs["label"].data, labels[start : start + 5])

    @pytest.mark.parametrize(
        "settings, words",
        [
            ("idx_data_param { labels: 'labels.idx' }", "images is missing: name an idx file"),
            ("idx_data_param { images: 'images.idx' labels: 'labels.idx' batch_size: 0 }", "batch_size is 0"),
            (f"{FILES} transform_param {{ crop_size: 6 }}",
             "crop_size 6 is larger than its images, 6 x 5"),
            (f"{FILES} transform_param {{ mean_value: 1 mean_value: 2 }}",
             r"mean \(2, 1, 1\) does not fit images \(1, 6, 5\)"),
            (f"{FILES} transform_param {{ mean_file: 'm' mean_value: 2 }}",
             "mean_file and mean_value both given"),
        ],
    )  # fmt: skip
    def test_mistakes_are_named(self, make_net, images, settings, words):
        with pytest.raises(PrototxtError, match=words):
            make_net(f'layer {{ name: "d" type: "IdxData" top: "x" top: "y" {settings} }}')

    def test_a_missing_file_says_where_it_was_looked_for(self, make_net):
        with pytest.raises(MissingDataError, match=r"nowhere.gz: no such data file; looked at"):
            make_net('layer { name: "d" type: "IdxData" top: "x" idx_data_param { images: "nowhere.gz" } }')


class TestTransform:
    images = np.arange(40 * 25, dtype=np.float32).reshape(40, 1, 5, 5)
    records = np.arange(40)

    def test_a_test_net_takes_the_middle(self):
        out = Transform(crop=3)(self.images, self.records)

        assert np.array_equal(out, self.images[:, :, 1:4, 1:4])

    def test_training_crops_and_mirrors_at_random_by_the_number_of_the_record(self):
        transform = Transform(crop=3, is_mirrored=True, is_training=True, seed=4)
        out = transform(self.images, self.records)

        again = transform(self.images[7:9], self.records[7:9])
        corners = {float(image[0, 0, 0]) % 25 for image in out}
        flipped = [float(image[0, 0, 0]) > float(image[0, 0, 2]) for image in out]
        assert np.array_equal(again, out[7:9]) and len(corners) > 8 and 10 < sum(flipped) < 30


def test_dummy_data_keeps_constants_and_draws_the_rest_anew(make_net):
    net = make_net(
        """layer { name: "d" type: "DummyData" top: "x" top: "y" dummy_data_param { shape { dim: 2 dim: 3 }
          data_filler { type: "constant" value: 7 } data_filler { type: "gaussian" } } }""",
        caffe.TEST,
    )
    net.forward()
    first = net.blobs["y"].data.copy()
    net.forward()

    assert (net.blobs["x"].data == 7).all() and not np.array_equal(net.blobs["y"].data, first)


class TestSyncedMemory:
    """On a device with memory of its own, so that every transfer shows."""

    @pytest.fixture
    def device(self):
        with registry.temporary():
            registry.register_backend(FakeBackend("apart"))
            yield registry.find_device("apart")

    @pytest.fixture
    def memory(self, device):
        return SyncedMemory(Spec((2, 3), np.float32), device, "blob")

    def transfers(self, memory):
        return memory.uploads, memory.downloads

    def test_it_goes_to_the_device_only_when_it_is_asked_for_there(self, memory):
        assert memory.state is State.UNINITIALIZED
        memory.write(1.0)
        assert memory.state is State.AT_HOST and self.transfers(memory) == (0, 0)

        memory.at_device()

        assert memory.state is State.SYNCED and self.transfers(memory) == (1, 0)
        memory.at_device()
        assert self.transfers(memory) == (1, 0)

    def test_it_comes_back_only_when_it_is_read(self, memory, device):
        memory.slot.storage.write(device.upload(np.full((2, 3), 5, np.float32)))
        memory.written()
        assert memory.state is State.AT_DEVICE and self.transfers(memory) == (0, 0)

        assert (memory.read() == 5).all() and memory.state is State.SYNCED
        memory.read()
        assert self.transfers(memory) == (0, 1)

    def test_an_array_that_lives_is_the_truth(self, memory, device):
        row = memory.host()[1]  # a part of it is enough
        memory.at_device()
        row[...] = 3.0
        assert (device.download(memory.at_device().storage.buffer)[1] == 3).all()

        memory.slot.storage.write(device.upload(np.full((2, 3), 8, np.float32)))
        memory.written()
        assert (row == 8).all()

    def test_a_parameter_is_wrapped_without_a_copy(self, device):
        parameter = Parameter(np.ones((2, 2), np.float32), device=device)
        memory = SyncedMemory(parameter.spec, device, "weight", parameter)

        memory.host()[0, 0] = 9

        assert memory.at_device() is parameter
        assert device.download(parameter.storage.buffer)[0, 0] == 9

    def test_a_net_trains_there_to_what_it_becomes_on_cpu(self, device, make_solver, bits):
        here = make_solver()
        with trivium.device(device):
            there = make_solver()
        for solver in (here, there):
            weight = solver.net.params["ip2"][1].data
            solver.step(2)
            weight[...] += 1.0
            solver.step(2)

        for one, other in zip(here.net.learned, there.net.learned):
            np.testing.assert_allclose(one.blob.data, other.blob.data, rtol=1e-4, atol=1e-6)
