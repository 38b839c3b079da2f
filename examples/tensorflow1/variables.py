"""Variables hold what a model learns; they need their first values before anything reads them."""

import trivium_api_static as tf

a = tf.Variable(2.0)
b = tf.Variable(3.0)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(a * b))
