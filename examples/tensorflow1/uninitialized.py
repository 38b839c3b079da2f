"""What happens when the first values are forgotten."""

import trivium_api_static as tf

a = tf.Variable(2.0)
b = tf.Variable(3.0)

with tf.Session() as sess:
    try:
        print(sess.run(a * b))
    except tf.errors.FailedPreconditionError as error:
        print(error.message)
