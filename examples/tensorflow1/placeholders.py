"""Placeholders are fed when the graph runs."""

import trivium_api_static as tf

x = tf.placeholder(dtype=tf.float32, shape=[], name="x")
y = tf.placeholder(dtype=tf.float32, shape=[], name="y")
z = x * y

with tf.Session() as sess:
    prod = sess.run(z, feed_dict={x: 1.0, y: 5.2})
    print(prod)
