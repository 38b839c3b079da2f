"""Constants, a product element by element, and the session that computes it."""

import trivium_api_static as tf

a = tf.constant([4.0, 5.0])
b = tf.constant([6.0, 7.0])
c = a * b

sess = tf.Session()
print(sess.run(c))
sess.close()
