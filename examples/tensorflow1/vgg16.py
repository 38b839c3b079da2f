"""VGG16 from variables and functions alone: `python examples/tensorflow1/vgg16.py`.

conv5_3 reads conv5_1, so conv5_2 has variables and no part in the result: no gradient reaches it.
"""

import numpy as np

import trivium_api_static as tf


def get_weight_variable(shape):
    return tf.get_variable("weight", shape=shape, initializer=tf.truncated_normal_initializer(stddev=0.1))


def get_bias_variable(shape):
    return tf.get_variable("bias", shape=shape, initializer=tf.constant_initializer(0))


def conv2d(x, w, padding="SAME", s=1):
    return tf.nn.conv2d(x, w, strides=[1, s, s, 1], padding=padding)


def maxPoolLayer(x):
    return tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")


def conv2d_layer(x, in_chs, out_chs, ksize, layer_name):
    with tf.variable_scope(layer_name):
        w = get_weight_variable([ksize, ksize, in_chs, out_chs])
        b = get_bias_variable([out_chs])
        return tf.nn.relu(tf.bias_add(conv2d(x, w, padding="SAME", s=1), b))


def fc_layer(x, in_kernels, out_kernels, layer_name):
    with tf.variable_scope(layer_name):
        w = get_weight_variable([in_kernels, out_kernels])
        b = get_bias_variable([out_kernels])
        return tf.nn.relu(tf.bias_add(tf.matmul(x, w), b))


def VGG16(x):
    conv1_1 = conv2d_layer(x, tf.get_shape(x).as_list()[-1], 64, 3, "conv1_1")
    conv1_2 = conv2d_layer(conv1_1, 64, 64, 3, "conv1_2")
    pool1 = maxPoolLayer(conv1_2)

    conv2_1 = conv2d_layer(pool1, 64, 128, 3, "conv2_1")
    conv2_2 = conv2d_layer(conv2_1, 128, 128, 3, "conv2_2")
    pool2 = maxPoolLayer(conv2_2)

    conv3_1 = conv2d_layer(pool2, 128, 256, 3, "conv3_1")
    conv3_2 = conv2d_layer(conv3_1, 256, 256, 3, "conv3_2")
    conv3_3 = conv2d_layer(conv3_2, 256, 256, 3, "conv3_3")
    pool3 = maxPoolLayer(conv3_3)

    conv4_1 = conv2d_layer(pool3, 256, 512, 3, "conv4_1")
    conv4_2 = conv2d_layer(conv4_1, 512, 512, 3, "conv4_2")
    conv4_3 = conv2d_layer(conv4_2, 512, 512, 3, "conv4_3")
    pool4 = maxPoolLayer(conv4_3)

    conv5_1 = conv2d_layer(pool4, 512, 512, 3, "conv5_1")
    conv2d_layer(conv5_1, 512, 512, 3, "conv5_2")
    conv5_3 = conv2d_layer(conv5_1, 512, 512, 3, "conv5_3")
    pool5 = maxPoolLayer(conv5_3)

    pool5_flatten_dims = int(np.prod(pool5.get_shape().as_list()[1:]))
    pool5_flatten = tf.reshape(pool5, [-1, pool5_flatten_dims])

    fc_6 = fc_layer(pool5_flatten, pool5_flatten_dims, 4096, "fc6")
    fc_7 = fc_layer(fc_6, 4096, 4096, "fc7")
    return fc_layer(fc_7, 4096, 10, "fc8")


for size in (224, 32):
    with tf.Graph().as_default() as graph:
        scores = VGG16(tf.placeholder(tf.float32, [None, size, size, 3], "images"))
        variables = tf.trainable_variables()
        count = sum(v.get_shape().num_elements() for v in variables)
        print(f"{size}x{size}: {len(variables)} variables, {count:,} parameters, {scores}")

        missing = [v.name for v, g in zip(variables, tf.gradients(scores, variables)) if g is None]
        print("no gradient:", ", ".join(missing))

with graph.as_default(), tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(scores, {"images:0": np.zeros([2, 32, 32, 3])}).shape)
