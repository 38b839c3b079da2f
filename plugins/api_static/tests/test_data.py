"""Data sets: what each transformation makes of its elements; iterators of every kind; the errors at their ends."""

import gzip
import importlib.util
import struct
import zlib

import numpy as np
import pytest

import trivium_api_static as tf

Dataset = tf.data.Dataset
COUNT = Dataset.range


def elements(dataset, feed_dict=None):
    """All elements of a data set, through an iterator."""
    iterator = dataset.make_initializable_iterator()
    following, found = iterator.get_next(), []
    with tf.Session() as session:
        session.run(iterator.initializer, feed_dict)
        while True:
            try:
                found.append(session.run(following))
            except tf.errors.OutOfRangeError as error:
                assert error.message == "End of sequence" and error.op.type == "IteratorGetNext"
                return found


def listed(found):
    return [x.tolist() if isinstance(x, np.ndarray) else x for x in found]


A, B = np.arange(6).reshape(3, 2).astype(np.float32), np.array([7, 8, 9])
ROWS = {
    "range": (lambda: COUNT(2, 9, 3), [2, 5, 8]),
    "from_tensors": (lambda: Dataset.from_tensors([1, 2]), [[1, 2]]),
    "from_tensor_slices": (lambda: Dataset.from_tensor_slices(A), A.tolist()),
    "slices of several": (lambda: Dataset.from_tensor_slices((B, B + 1)), [(7, 8), (8, 9), (9, 10)]),
    "slices of a dict": (lambda: Dataset.from_tensor_slices({"x": B, "a": -B}), [{"x": 7, "a": -7}, {"x": 8, "a": -8},
                                                                              {"x": 9, "a": -9}]),
    "slices of a tensor": (lambda: Dataset.from_tensor_slices(tf.range(3) * 2), [0, 2, 4]),
    "text": (lambda: Dataset.from_tensor_slices(["a", "b"]), [b"a", b"b"]),
    "map": (lambda: COUNT(3).map(lambda x: x * 10), [0, 10, 20]),
    "map of several": (lambda: Dataset.from_tensor_slices((B, B)).map(lambda x, y: (x + y, y)),
                       [(14, 7), (16, 8), (18, 9)]),
    "map of a dict": (lambda: Dataset.from_tensor_slices({"x": B}).map(lambda d: d["x"] + 1, num_parallel_calls=4),
                      [8, 9, 10]),
    "filter": (lambda: COUNT(6).filter(lambda x: tf.equal(x * 2, 4)), [2]),
    "batch": (lambda: COUNT(5).batch(2), [[0, 1], [2, 3], [4]]),
    "batch, dropping": (lambda: COUNT(5).batch(2, drop_remainder=True), [[0, 1], [2, 3]]),
    "padded_batch": (lambda: COUNT(1, 4).map(lambda n: tf.fill([3], n)[:2]).padded_batch(2, [4], -1),
                     [[[1, 1, -1, -1], [2, 2, -1, -1]], [[3, 3, -1, -1]]]),
    "repeat": (lambda: COUNT(2).repeat(2), [0, 1, 0, 1]),
    "repeat and take": (lambda: COUNT(2).repeat().take(5), [0, 1, 0, 1, 0]),
    "take all": (lambda: COUNT(3).take(-1), [0, 1, 2]),
    "skip": (lambda: COUNT(5).skip(3), [3, 4]),
    "shard": (lambda: COUNT(7).shard(3, 1), [1, 4]),
    "concatenate": (lambda: COUNT(2).concatenate(COUNT(5, 7)), [0, 1, 5, 6]),
    "zip": (lambda: Dataset.zip((COUNT(9), Dataset.from_tensor_slices(B))), [(0, 7), (1, 8), (2, 9)]),
    "cache": (lambda: COUNT(2).cache().repeat(2), [0, 1, 0, 1]),
    "prefetch": (lambda: COUNT(2).prefetch(1), [0, 1]),
    "apply": (lambda: COUNT(2).apply(lambda d: d.repeat(2)), [0, 1, 0, 1]),
    "flat_map": (lambda: COUNT(3).flat_map(lambda n: Dataset.from_tensors(n).repeat(n)), [1, 2, 2]),
    "interleave": (lambda: COUNT(1, 6).interleave(lambda n: Dataset.from_tensors(n).repeat(6), 2, 4),
                   [1] * 4 + [2] * 4 + [1] * 2 + [2] * 2 + [3] * 4 + [4] * 4 + [3] * 2 + [4] * 2 + [5] * 6),
    "generator": (lambda: Dataset.from_generator(lambda: iter([1, 2]), tf.float32), [1.0, 2.0]),
    "generator of pairs": (
        lambda: Dataset.from_generator(
            lambda n: ((i, [i] * i) for i in range(n)), (tf.int32, tf.int64), ([], [None]), args=(3,)
        ),
        [(0, []), (1, [1]), (2, [2, 2])],
    ),
}  # fmt: skip


def plain(x):
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    if isinstance(x, tuple):
        return tuple(plain(value) for value in x)
    return x.tolist() if isinstance(x, (np.ndarray, np.generic)) else x


@pytest.mark.parametrize("row", ROWS)
def test_a_data_set_has_its_elements(row):
    make, expected = ROWS[row]

    assert [plain(x) for x in elements(make())] == expected


def test_elements_tell_what_they_are():
    pairs = Dataset.from_tensor_slices({"image": np.zeros((9, 4, 3), np.uint8), "label": B.repeat(3)}).batch(2)

    assert pairs.output_types == {"image": tf.uint8, "label": tf.int64}
    assert str(pairs.output_shapes["image"]) == "(?, 4, 3)" and pairs.output_classes["label"] is tf.Tensor
    image = pairs.make_one_shot_iterator().get_next()["image"]
    assert str(image) == 'Tensor("IteratorGetNext:0", shape=(?, 4, 3), dtype=uint8)'
    assert str(COUNT(4).batch(2, drop_remainder=True).output_shapes) == "(2,)"


def test_every_run_that_needs_an_element_takes_one_and_all_of_it():
    following = Dataset.from_tensor_slices((B, B * 10)).repeat().make_one_shot_iterator().get_next()
    product = following[0] * following[1]

    with tf.Session() as session, tf.Session() as other:
        assert session.run([following[0], product, following[1]]) == [7, 490, 70]
        assert session.run(following[1]) == 80 and session.run(product) == 810
        assert session.run(product, {following[0]: 2, following[1]: 5}) == 10
        assert other.run(following[0]) == 7 and session.run(following[0]) == 7


def test_a_shuffle_is_an_order_of_the_same_elements_and_a_new_one_each_time():
    tf.set_random_seed(3)
    first = listed(elements(COUNT(20).shuffle(50).repeat(2)))
    same = listed(elements(COUNT(20).shuffle(50, reshuffle_each_iteration=False).repeat(2)))
    near = listed(elements(COUNT(100).shuffle(3)))

    assert sorted(first[:20]) == sorted(first[20:]) == list(range(20)) and first[:20] != first[20:] != list(range(20))
    assert same[:20] == same[20:] and sorted(near) == list(range(100)) and near != list(range(100))
    assert all(x <= i + 2 for i, x in enumerate(near))
    assert listed(elements(COUNT(20).shuffle(50, seed=7))) == listed(elements(COUNT(20).shuffle(50, seed=7)))


def test_random_changes_differ_from_element_to_element_and_from_pass_to_pass():
    noise = COUNT(4).map(lambda x: tf.random_uniform([])).repeat(2)
    two = Dataset.zip((COUNT(3).map(lambda x: tf.random_uniform([])), COUNT(3).map(lambda x: tf.random_uniform([]))))

    assert len(set(listed(elements(noise)))) == 8
    assert all(a != b for a, b in elements(two))


def test_a_data_set_may_be_made_of_what_is_fed():
    x, size = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.int64, [])
    dataset = Dataset.from_tensor_slices(x).batch(size)

    for n in (1, 3):
        assert len(elements(dataset, {x: A, size: n})) == 3 // n


def test_one_iterator_may_walk_through_data_sets_of_one_structure():
    train, test = COUNT(3), COUNT(100, 102)
    iterator = tf.data.Iterator.from_structure(train.output_types, train.output_shapes)
    following = iterator.get_next()
    begin_train, begin_test = iterator.make_initializer(train), iterator.make_initializer(test)

    with tf.Session() as session:
        with pytest.raises(tf.errors.FailedPreconditionError, match="the iterator has not been initialized"):
            session.run(following)
        for begin, expected in ((begin_train, [0, 1]), (begin_test, [100, 101]), (begin_train, [0, 1])):
            session.run(begin)
            assert [session.run(following) for _ in range(2)] == expected
    with pytest.raises(TypeError, match=r"Expected output types and shapes compatible with tf\.int64"):
        iterator.make_initializer(Dataset.from_tensors(1.0))


def test_a_handle_that_is_fed_chooses_the_iterator():
    handle = tf.placeholder(tf.string, shape=[])
    one, two = COUNT(10).make_one_shot_iterator(), COUNT(50, 60).make_initializable_iterator()
    following = tf.data.Iterator.from_string_handle(handle, tf.int64, []).get_next() * 2

    with tf.Session() as session:
        a, b = session.run([one.string_handle(), two.string_handle()])
        session.run(two.initializer)
        assert [session.run(following, {handle: h}) for h in (a, b, a, b)] == [0, 100, 2, 102]
        with pytest.raises(tf.errors.InvalidArgumentError, match="You must feed a value for placeholder tensor"):
            session.run(following)
        with pytest.raises(tf.errors.NotFoundError, match="no iterator has the handle"):
            session.run(following, {handle: "nobody"})


def test_files_are_read_line_by_line_and_record_by_record(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\r\n")
    (tmp_path / "b.txt").write_text("three")
    (tmp_path / "c.gz").write_bytes(gzip.compress(b"packed\n"))
    (tmp_path / "r.bin").write_bytes(b"H" + b"abcdef" + b"FF")
    texts = [str(tmp_path / name) for name in ("a.txt", "b.txt")]

    lines = tf.data.TextLineDataset(texts)
    by_file = Dataset.list_files(str(tmp_path / "*.txt"), shuffle=False).flat_map(
        lambda name: tf.data.TextLineDataset(name).skip(1)
    )
    records = tf.data.FixedLengthRecordDataset(str(tmp_path / "r.bin"), 3, header_bytes=1, footer_bytes=2)
    bytes_of = records.map(lambda record: tf.decode_raw(record, tf.uint8))

    assert elements(lines) == [b"one", b"two", b"three"] and elements(by_file) == [b"two"]
    assert elements(tf.data.TextLineDataset(str(tmp_path / "c.gz"), "GZIP")) == [b"packed"]
    assert elements(records) == [b"abc", b"def"] and listed(elements(bytes_of)) == [[97, 98, 99], [100, 101, 102]]
    assert sorted(elements(Dataset.list_files(str(tmp_path / "*.txt")))) == [t.encode() for t in texts]
    with pytest.raises(tf.errors.NotFoundError, match="No such file"):
        elements(tf.data.TextLineDataset("none.txt"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="no multiple of record_bytes"):
        elements(tf.data.FixedLengthRecordDataset(str(tmp_path / "r.bin"), 4))


def test_lines_and_pictures_become_numbers(tmp_path):
    (tmp_path / "t.csv").write_text('1,2.5,"a,b"\n4,,c\n')
    lines = tf.data.TextLineDataset(str(tmp_path / "t.csv"))
    fields = lines.map(lambda line: tuple(tf.decode_csv(line, [[0], [9.0], [""]])))
    broken = Dataset.from_tensor_slices(["1,2"]).map(lambda line: tuple(tf.decode_csv(line, [[0]])))
    words = Dataset.from_tensor_slices(["x"]).map(lambda line: tf.decode_csv(line, [[0]])[0])

    assert elements(fields) == [(1, 2.5, b"a,b"), (4, 9.0, b"c")]
    with pytest.raises(tf.errors.InvalidArgumentError, match="Expect 1 fields but have 2 in record"):
        elements(broken)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Field 0 in record is not a valid int32: x"):
        elements(words)
    with pytest.raises(tf.errors.InvalidArgumentError, match="has length 3 that is not a multiple of 2"):
        elements(Dataset.from_tensor_slices(["abc"]).map(lambda raw: tf.decode_raw(raw, tf.int16)))
    with tf.Session() as session:
        assert session.run(tf.decode_raw(b"\x01\x00\x00\x02", tf.int16, little_endian=False)).tolist() == [256, 2]


def png(pixels):
    """A PNG file of 8-bit red, green and blue, written out."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def test_pictures_are_decoded_by_pillow_and_without_it_that_is_said(tmp_path, run):
    pixels = np.random.default_rng(0).integers(256, size=(4, 5, 3)).astype(np.uint8)
    (tmp_path / "p.png").write_bytes(png(pixels))

    whole = tf.image.decode_png(tf.read_file(str(tmp_path / "p.png")))
    gray = tf.image.decode_image(tf.read_file(str(tmp_path / "p.png")), channels=1)

    assert str(whole.shape) == "(?, ?, ?)" and str(gray.shape) == "(?, ?, 1)"
    if importlib.util.find_spec("PIL") is None:
        with pytest.raises(tf.errors.UnimplementedError, match="pip install pillow"):
            run(whole)
        return
    assert np.array_equal(run(whole), pixels) and run(gray).shape == (4, 5, 1)
    scaled = tf.image.resize_images(tf.image.convert_image_dtype(whole, tf.float32), [2, 2])
    assert run(scaled).shape == (2, 2, 3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="no picture that can be read"):
        run(tf.image.decode_jpeg(b"nothing"))


def test_elements_that_do_not_fit_are_refused():
    uneven = COUNT(3).map(lambda n: tf.zeros([10])[:2]).concatenate(COUNT(1).map(lambda n: tf.zeros([3])))

    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"Cannot batch tensors with different shapes in component 0"
    ):
        elements(uneven.batch(4))
    with pytest.raises(ValueError, match="Dimensions 3 and 4 are not compatible"):
        Dataset.from_tensor_slices((np.zeros(3), np.zeros(4)))
    with pytest.raises(ValueError, match="`predicate` must return a scalar boolean tensor"):
        COUNT(3).filter(lambda x: x)
    with pytest.raises(TypeError, match="Two datasets to concatenate have different types"):
        COUNT(3).concatenate(Dataset.from_tensors(1.0))
    outside = tf.Variable(3.0)
    with pytest.raises(ValueError, match=r"Dataset\.map: its function uses a tensor of the graph around"):
        COUNT(3).map(lambda x: tf.cast(x, tf.float32) * outside)
    with pytest.raises(TypeError, match=r"Expected int32, got 1\.5"):
        elements(Dataset.from_generator(lambda: [1.5], tf.int32))


def test_a_network_trains_on_a_data_set():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2)).astype(np.float32)
    data = Dataset.from_tensor_slices((x, (x @ [[2.0], [-1.0]]).astype(np.float32))).shuffle(60).repeat().batch(20)
    images, targets = data.make_one_shot_iterator().get_next()
    loss = tf.losses.mean_squared_error(targets, tf.layers.dense(images, 1, use_bias=False))
    step = tf.train.GradientDescentOptimizer(0.2).minimize(loss, tf.train.get_or_create_global_step())

    with tf.train.MonitoredTrainingSession(hooks=[tf.train.StopAtStepHook(60)]) as session:
        while not session.should_stop():
            session.run(step)
        np.testing.assert_allclose(session.run("dense/kernel:0").ravel(), [2.0, -1.0], atol=0.05)
