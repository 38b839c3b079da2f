"""A program computes; a graph only says what will be computed."""

import trivium_api_static as tf

t = 8 + 9
print(t)

t = tf.add(8, 9)  # nothing is added yet: this is a node
print(t)
