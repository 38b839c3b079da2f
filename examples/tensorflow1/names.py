"""Tensors and operations have names, and a graph finds them again."""

import trivium_api_static as tf

inImage = tf.placeholder(tf.float32, [32, 32, 3], "inputImage")
processedImage = tf.image.per_image_standardization(inImage, "processedImage")

graph = tf.get_default_graph()
print(graph.get_tensor_by_name("inputImage:0") is inImage)
print(graph.get_tensor_by_name("processedImage:0"))
print(graph.get_operation_by_name("inputImage").type)
