"""Every word of torch.nn that users may expect is there."""

import pytest

import trivium_api_dynamic as torch

MODULES = """
    Module Sequential ModuleList ModuleDict ParameterList ParameterDict Parameter Identity Linear Bilinear
    Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d
    MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d AvgPool1d AvgPool2d AvgPool3d LPPool1d LPPool2d
    AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d
    BatchNorm1d BatchNorm2d BatchNorm3d InstanceNorm1d InstanceNorm2d InstanceNorm3d LayerNorm GroupNorm
    LocalResponseNorm Dropout Dropout2d Dropout3d AlphaDropout
    ReLU ReLU6 LeakyReLU PReLU RReLU ELU SELU CELU GELU GLU Sigmoid LogSigmoid Tanh Hardtanh Softplus Softsign
    Softshrink Hardshrink Tanhshrink Threshold Softmax LogSoftmax Softmin Softmax2d
    Upsample UpsamplingNearest2d UpsamplingBilinear2d PixelShuffle ZeroPad2d ConstantPad1d ConstantPad2d ConstantPad3d
    ReflectionPad1d ReflectionPad2d ReplicationPad1d ReplicationPad2d ReplicationPad3d Flatten Fold Unfold
    CosineSimilarity PairwiseDistance
    L1Loss MSELoss SmoothL1Loss CrossEntropyLoss NLLLoss BCELoss BCEWithLogitsLoss KLDivLoss HingeEmbeddingLoss
    MultiMarginLoss MultiLabelMarginLoss MarginRankingLoss SoftMarginLoss MultiLabelSoftMarginLoss
    CosineEmbeddingLoss TripletMarginLoss PoissonNLLLoss CTCLoss
""".split()  # fmt: skip

FUNCTIONS = """
    linear bilinear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d unfold fold
    max_pool1d max_pool2d max_pool3d max_unpool1d max_unpool2d max_unpool3d avg_pool1d avg_pool2d avg_pool3d
    lp_pool1d lp_pool2d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d
    adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d
    threshold threshold_ relu relu_ hardtanh hardtanh_ relu6 elu elu_ selu celu leaky_relu leaky_relu_ prelu rrelu
    rrelu_ glu gelu logsigmoid hardshrink tanhshrink softsign softplus softmin softmax softshrink gumbel_softmax
    log_softmax tanh sigmoid silu mish hardsigmoid hardswish
    batch_norm instance_norm layer_norm group_norm local_response_norm normalize
    dropout alpha_dropout dropout2d dropout3d one_hot pairwise_distance cosine_similarity pdist
    binary_cross_entropy binary_cross_entropy_with_logits poisson_nll_loss cosine_embedding_loss cross_entropy ctc_loss
    hinge_embedding_loss kl_div l1_loss mse_loss margin_ranking_loss multilabel_margin_loss
    multilabel_soft_margin_loss multi_margin_loss nll_loss smooth_l1_loss soft_margin_loss triplet_margin_loss
    pixel_shuffle pad interpolate upsample upsample_nearest upsample_bilinear grid_sample affine_grid
""".split()

INITIALIZERS = """
    uniform_ normal_ constant_ ones_ zeros_ eye_ dirac_ xavier_uniform_ xavier_normal_ kaiming_uniform_ kaiming_normal_
    orthogonal_ sparse_ calculate_gain
""".split()

UTILITIES = """
    clip_grad_norm_ clip_grad_value_ parameters_to_vector vector_to_parameters weight_norm remove_weight_norm
    spectral_norm remove_spectral_norm
""".split()

OF_A_MODULE = """
    forward parameters named_parameters children named_children modules named_modules buffers named_buffers
    register_parameter register_buffer add_module apply train eval training zero_grad requires_grad_ to cpu cuda float
    double half type state_dict load_state_dict register_forward_pre_hook register_forward_hook register_backward_hook
    register_full_backward_hook extra_repr
""".split()


@pytest.mark.parametrize(
    ("place", "names"),
    [
        (torch.nn, MODULES),
        (torch.nn.functional, FUNCTIONS),
        (torch.nn.init, INITIALIZERS),
        (torch.nn.utils, UTILITIES),
        (torch.nn.Module, OF_A_MODULE),
    ],
    ids=["modules", "functions", "initializers", "utilities", "of a module"],
)
def test_every_word_is_there(place, names):
    assert [name for name in names if not hasattr(place, name)] == []
