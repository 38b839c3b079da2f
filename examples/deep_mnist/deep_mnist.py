"""A deep network for MNIST's shape of images, in the words of 2016: `python examples/deep_mnist/deep_mnist.py [STEPS]`.

Two convolutions with pools, a wide layer with dropout, and scores: 3,274,634 parameters, trained with Adam on the
Fashion-MNIST subset of `examples/fashion_mnist`.
"""

import gzip
import sys
from pathlib import Path

import numpy as np

import trivium_api_static as tf

DATA = Path(__file__).parents[1] / "fashion_mnist"
STEPS, BATCH = 1500, 50


class Pictures:
    """Images (n, 784) from 0 to 1, labels (n, 10) one-hot, and batches of them in ever new orders."""

    def __init__(self, part, seed=0):
        self.images = read_idx(f"{part}-images-idx3-ubyte.gz").reshape(-1, 784).astype(np.float32) / 255
        self.labels = np.eye(10, dtype=np.float32)[read_idx(f"{part}-labels-idx1-ubyte.gz")]
        self.order, self.at, self.rng = None, len(self.labels), np.random.default_rng(seed)

    def next_batch(self, size):
        if self.at + size > len(self.labels):
            self.order, self.at = self.rng.permutation(len(self.labels)), 0
        chosen = self.order[self.at : self.at + size]
        self.at += size
        return self.images[chosen], self.labels[chosen]


def read_idx(name):
    """The bytes of an idx file: its last header byte says how many axes there are."""
    raw = gzip.decompress((DATA / name).read_bytes())
    sizes = np.frombuffer(raw, ">i4", count=raw[3], offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(sizes)


def weight_variable(shape):
    return tf.Variable(tf.truncated_normal(shape, stddev=0.1))


def bias_variable(shape):
    return tf.Variable(tf.constant(0.1, shape=shape))  # a little above zero, so that no unit starts dead


def conv2d(x, W):
    return tf.nn.conv2d(x, W, strides=[1, 1, 1, 1], padding="SAME")


def max_pool_2x2(x):
    return tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")


def deepnn(x):
    """The scores (batch, 10) of images (batch, 784), and the placeholder for the part that dropout keeps."""
    x_image = tf.reshape(x, [-1, 28, 28, 1])
    h_conv1 = tf.nn.relu(conv2d(x_image, weight_variable([5, 5, 1, 32])) + bias_variable([32]))
    h_pool1 = max_pool_2x2(h_conv1)

    h_conv2 = tf.nn.relu(conv2d(h_pool1, weight_variable([5, 5, 32, 64])) + bias_variable([64]))
    h_pool2 = max_pool_2x2(h_conv2)

    h_flat = tf.reshape(h_pool2, [-1, 7 * 7 * 64])
    h_fc1 = tf.nn.relu(tf.matmul(h_flat, weight_variable([7 * 7 * 64, 1024])) + bias_variable([1024]))

    keep_prob = tf.placeholder(tf.float32)
    h_drop = tf.nn.dropout(h_fc1, keep_prob)
    return tf.matmul(h_drop, weight_variable([1024, 10])) + bias_variable([10]), keep_prob


def main(steps):
    train, test = Pictures("train"), Pictures("t10k")
    x = tf.placeholder(tf.float32, [None, 784])
    y_ = tf.placeholder(tf.float32, [None, 10])
    y_conv, keep_prob = deepnn(x)

    cross_entropy = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y_, logits=y_conv))
    train_step = tf.train.AdamOptimizer(1e-4).minimize(cross_entropy)
    correct_prediction = tf.equal(tf.argmax(y_conv, 1), tf.argmax(y_, 1))
    accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))

    sess = tf.InteractiveSession()
    sess.run(tf.global_variables_initializer())
    for i in range(steps):
        images, labels = train.next_batch(BATCH)
        if i % 100 == 0:
            train_accuracy = accuracy.eval(feed_dict={x: images, y_: labels, keep_prob: 1.0})
            print(f"step {i}, training accuracy {train_accuracy:g}")
        train_step.run(feed_dict={x: images, y_: labels, keep_prob: 0.5})
    print(f"test accuracy {accuracy.eval(feed_dict={x: test.images, y_: test.labels, keep_prob: 1.0}):g}")
    sess.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else STEPS)
