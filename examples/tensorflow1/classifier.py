"""A linear classifier: built in a graph of its own, found by name, trained in batches, saved on the way."""

import numpy as np

import trivium_api_static as tf

g = tf.Graph()

with g.as_default():
    input_data = tf.placeholder(tf.float32, [None, 2], "input_data")
    input_label = tf.placeholder(tf.float32, [None, 2], "input_label")

    w1 = tf.Variable(tf.truncated_normal([2, 2]), name="w1")
    B1 = tf.Variable(tf.zeros([2]), name="B1")

    output = tf.add(tf.matmul(input_data, w1), B1, name="output")
    cross_entropy = tf.nn.softmax_cross_entropy_with_logits(logits=output, labels=input_label)

    train_step = tf.train.AdamOptimizer().minimize(cross_entropy, name="train_step")
    initer = tf.global_variables_initializer(name="initer")
    saver = tf.train.Saver()

print(output)
print(cross_entropy.shape)

numOfBatch = 5
datas = np.array([[1, 2], [2, 1], [-1, 0], [0, -2], [3, -1]], np.float32)
labels = np.eye(2, dtype=np.float32)[[0, 0, 1, 1, 0]]

sess = tf.Session(graph=g)
graph = sess.graph
sess.run([graph.get_operation_by_name("initer")])

dataHolder = graph.get_tensor_by_name("input_data:0")
labelHolder = graph.get_tensor_by_name("input_label:0")
train = graph.get_operation_by_name("train_step")
out = graph.get_tensor_by_name("output:0")

losses = []
for i in range(200):
    result = sess.run([out, train], feed_dict={dataHolder: datas, labelHolder: labels})
    losses.append(sess.run(cross_entropy, feed_dict={dataHolder: datas, labelHolder: labels}).sum())
    if i % 100 == 0:
        print(saver.save(sess, "./moules"))

print(result[0].shape, result[1])
print("the loss fell:", losses[-1] < losses[0])

# the first axis is None, so a batch may have any size
print(sess.run(out, feed_dict={dataHolder: np.zeros([10, 2])}).shape)

sess.close()
