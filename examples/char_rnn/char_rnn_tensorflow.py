"""A character-level language model as TensorFlow programs of 2017 had it: `python char_rnn_tensorflow.py`.

It reads a text character by character, learns to foretell the next one, and then writes a text of its own.
"""

# ruff: noqa: UP004, UP031 - written as programs of 2017 were

import argparse
import time

import numpy as np
from text import CHARACTERS, batches, decode, drawn, encode

import trivium_api_static as tf


class Model(object):
    def __init__(self, args, forget_bias=1.0):
        self.inputs = tf.placeholder(tf.int32, [None, None], name="inputs")
        self.targets = tf.placeholder(tf.int32, [None, None], name="targets")
        self.temperature = tf.placeholder_with_default(np.float32(1.0), [], name="temperature")

        embedding = tf.get_variable(
            "embedding", [len(CHARACTERS), args.embedding], initializer=tf.random_normal_initializer()
        )
        cells = [tf.nn.rnn_cell.BasicLSTMCell(args.hidden, forget_bias=forget_bias) for _ in range(args.layers)]
        cell = tf.nn.rnn_cell.MultiRNNCell(cells)
        self.initial_state = cell.zero_state(tf.shape(self.inputs)[0], tf.float32)
        outputs, self.final_state = tf.nn.dynamic_rnn(
            cell, tf.nn.embedding_lookup(embedding, self.inputs), initial_state=self.initial_state
        )
        logits = tf.layers.dense(outputs, len(CHARACTERS), name="softmax")
        self.probabilities = tf.nn.softmax(logits / self.temperature)

        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=self.targets, logits=logits)
        self.loss = tf.reduce_mean(losses)
        variables = tf.trainable_variables()
        gradients, _ = tf.clip_by_global_norm(tf.gradients(self.loss, variables), args.clip)
        optimizer = tf.train.AdamOptimizer(args.lr)
        self.train_op = optimizer.apply_gradients(zip(gradients, variables))

    def fed(self, state):
        """The first state of a batch, for a feed_dict."""
        pairs = {}
        for (c, h), value in zip(self.initial_state, state):
            pairs[c], pairs[h] = value
        return pairs


def train(session, model, args, report=print):
    """The loss of each step."""
    state, losses, start = None, [], time.time()
    for step, (inputs, targets, starts_over) in enumerate(batches(args.batch_size, args.bptt), 1):
        feed = {model.inputs: inputs, model.targets: targets}
        if not starts_over:
            feed.update(model.fed(state))
        loss, state, _ = session.run([model.loss, model.final_state, model.train_op], feed)
        losses.append(float(loss))
        if step % args.log_interval == 0:
            recent = np.mean(losses[-args.log_interval :])
            report("step %4d | %5.1f s | loss %.3f" % (step, time.time() - start, recent))
        if step == args.steps:
            return losses


def sample(session, model, start, length, temperature, random):
    """A text of the model's own."""
    numbers, feed = list(encode(start)), {model.temperature: temperature}
    feed[model.inputs] = [numbers]
    for _ in range(length):
        probabilities, state = session.run([model.probabilities, model.final_state], feed)
        numbers.append(drawn(probabilities[0, -1], random))
        feed = {model.temperature: temperature, model.inputs: [numbers[-1:]]}
        feed.update(model.fed(state))
    return decode(numbers)


def main():
    parser = argparse.ArgumentParser(description="Char-RNN on The Devil's Dictionary")
    parser.add_argument("--steps", type=int, default=1500, help="how many batches to learn from")
    parser.add_argument("--batch-size", type=int, default=50)
    parser.add_argument("--bptt", type=int, default=50, help="characters in a row of a batch")
    parser.add_argument("--embedding", type=int, default=32)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--lr", type=float, default=0.005)
    parser.add_argument("--clip", type=float, default=5.0)
    parser.add_argument("--log-interval", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--length", type=int, default=400, help="characters to write at the end")
    parser.add_argument("--temperature", type=float, default=0.7)
    args = parser.parse_args()

    tf.set_random_seed(args.seed)
    model = Model(args)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        train(session, model, args)
        random = np.random.RandomState(args.seed)
        print("\n" + sample(session, model, "PATIENCE, n.  ", args.length, args.temperature, random))


if __name__ == "__main__":
    main()
