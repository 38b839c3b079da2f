"""The words that there are: as functions, as methods, as methods that overwrite."""

import inspect

import numpy as np
import pytest

import trivium_api_dynamic as torch

FUNCTIONS = """
    tensor as_tensor from_numpy zeros ones full empty eye arange linspace logspace rand randn randint randperm
    normal bernoulli multinomial zeros_like ones_like empty_like full_like rand_like randn_like randint_like reshape
    permute transpose t squeeze unsqueeze flatten unbind chunk split cat stack narrow select index_select
    masked_select gather take roll flip rot90 diag diagonal triu tril nonzero where meshgrid broadcast_tensors
    as_strided add sub mul div pow sqrt rsqrt exp expm1 log log1p log2 log10 abs neg sign sin cos tan asin acos atan
    atan2 sinh cosh tanh sigmoid relu clamp floor ceil round trunc frac fmod remainder reciprocal erf erfc erfinv
    lerp addcmul addcdiv lgamma digamma eq ne lt le gt ge equal allclose isclose isnan isfinite isinf sum mean prod
    std var max min argmax argmin median mode norm dist logsumexp cumsum cumprod all any unique topk sort argsort
    kthvalue histc bincount matmul mm mv bmm addmm addmv addr addbmm baddbmm dot ger einsum tensordot inverse det
    logdet slogdet svd qr cholesky triangular_solve pinverse matrix_power trace cross manual_seed initial_seed
    get_rng_state set_rng_state Generator set_default_dtype get_default_dtype set_default_tensor_type
    set_printoptions get_num_threads set_num_threads is_tensor numel from_dlpack no_grad enable_grad
    set_grad_enabled is_grad_enabled device dtype Size Tensor FloatTensor DoubleTensor HalfTensor LongTensor
    IntTensor ShortTensor CharTensor ByteTensor BoolTensor absolute arccos arctan2 clip concat divide greater
    less_equal multiply negative not_equal subtract swapaxes true_divide
""".split()
METHODS = """
    shape size dim ndimension ndim numel nelement dtype device layout requires_grad grad grad_fn is_leaf data T mT
    is_cuda is_sparse stride storage_offset is_contiguous element_size data_ptr itemsize nbytes is_floating_point
    __len__ __iter__ __getitem__ __setitem__ __array__ __dlpack__ __dlpack_device__ __bool__ __float__ __int__
    __index__ __contains__ __deepcopy__ __reduce__ __matmul__ __floordiv__ __mod__ __and__ __or__ __xor__ __lshift__
    __invert__ to cpu cuda float double half long int short char byte bool type type_as numpy item tolist clone
    detach detach_ requires_grad_ contiguous pin_memory view view_as reshape reshape_as permute transpose t squeeze
    unsqueeze expand expand_as repeat flatten unbind chunk split narrow select index_select masked_select gather
    scatter scatter_add index_add index_fill index_copy masked_fill masked_scatter take put roll flip rot90 unfold
    diag diagonal triu tril nonzero where as_strided new_zeros new_ones new_full new_tensor new_empty new
    multinomial bernoulli add sub mul div pow sqrt rsqrt exp expm1 log log1p log2 log10 abs neg sign sin cos tan
    asin acos atan atan2 sinh cosh tanh sigmoid relu clamp floor ceil round trunc frac fmod remainder reciprocal erf
    erfc erfinv lerp addcmul addcdiv lgamma digamma eq ne lt le gt ge equal allclose isclose isnan isfinite isinf
    sum mean prod std var max min argmax argmin median mode norm dist logsumexp cumsum cumprod all any unique topk
    sort argsort kthvalue histc bincount softmax log_softmax matmul mm mv bmm addmm addmv addr addbmm baddbmm dot
    ger inverse det logdet slogdet svd qr cholesky triangular_solve pinverse matrix_power trace cross backward
    register_hook retain_grad retains_grad
""".split()
IN_PLACE = """
    add sub mul div pow sqrt rsqrt exp expm1 log log1p log2 log10 abs neg sign sin cos tan asin acos atan atan2 sinh
    cosh tanh sigmoid relu clamp floor ceil round trunc frac fmod remainder reciprocal erf erfc erfinv lerp addcmul
    addcdiv lgamma digamma eq ne lt le gt ge scatter scatter_add index_add index_fill index_copy masked_fill
    masked_scatter put squeeze unsqueeze transpose t tril triu cumsum cumprod addmm addmv addr addbmm baddbmm copy
    fill zero resize normal uniform bernoulli exponential random geometric cauchy log_normal logical_not bitwise_and
    detach requires_grad
""".split()
AUTOGRAD = """
    backward grad Function Variable no_grad enable_grad set_grad_enabled detect_anomaly set_detect_anomaly gradcheck
    gradgradcheck profiler functional
""".split()
CUDA = """
    is_available device_count current_device set_device device synchronize empty_cache memory_allocated
    max_memory_allocated manual_seed manual_seed_all Stream Event get_device_name get_device_properties
""".split()


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (torch, FUNCTIONS),
        (torch.Tensor, METHODS),
        (torch.Tensor, [f"{name}_" for name in IN_PLACE]),
        (torch.autograd, AUTOGRAD),
        (torch.cuda, CUDA),
        (torch.linalg, ["inv", "det", "slogdet", "svd", "qr", "eigh", "solve", "lstsq", "cholesky", "pinv", "norm"]),
    ],
    ids=["functions", "methods", "in place", "autograd", "cuda", "linalg"],
)
def test_every_word_is_there(owner, names):
    missing = [name for name in names if not hasattr(owner, name)]

    assert not missing


def test_every_word_says_what_it_does():
    silent = [name for name, word in torch.words.WORDS.items() if not inspect.getdoc(word)]

    assert not silent


def test_a_function_writes_to_out():
    out, values, places = torch.zeros(2), torch.zeros(2), torch.zeros(2, dtype=torch.int64)

    assert torch.add(torch.ones(2), 2, out=out) is out
    torch.max(torch.tensor([[1.0, 4.0], [3.0, 2.0]]), 1, out=(values, places))

    assert out.tolist() == [3, 3]
    assert (values.tolist(), places.tolist()) == ([4, 3], [1, 0])


def test_tensors_of_old_constructors():
    assert torch.FloatTensor(2, 3).shape == (2, 3)
    assert torch.LongTensor([1, 2]).dtype == torch.int64
    assert torch.Tensor([1, 2]).dtype == torch.float32
    assert isinstance(torch.ones(1), torch.FloatTensor) and not isinstance(torch.ones(1), torch.DoubleTensor)
    assert torch.ones(1).type() == "torch.FloatTensor"
    assert torch.ones(1).type(torch.DoubleTensor).dtype == torch.float64
    torch.set_default_tensor_type(torch.DoubleTensor)
    try:
        assert torch.zeros(1).dtype == torch.float64
    finally:
        torch.set_default_tensor_type("torch.FloatTensor")


def test_cuda_answers_without_cuda():
    if torch.cuda.is_available():
        assert torch.cuda.device_count() > 0
        return

    assert torch.cuda.device_count() == 0
    assert torch.cuda.memory_allocated() == torch.cuda.max_memory_allocated() == 0
    torch.cuda.empty_cache()
    torch.cuda.manual_seed_all(1)
    with torch.cuda.device(0):
        pass
    with pytest.raises(RuntimeError, match=r"'cuda'.*installed backends: .*cpu"):
        torch.cuda.get_device_name()


def test_devices_are_told_apart_by_type():
    assert isinstance(torch.zeros(1).device, torch.device)
    assert not isinstance("cpu", torch.device)
    assert torch.device("cpu").type == "cpu"
    assert torch.zeros(1).layout == torch.strided


def test_dlpack_shares_memory_with_numpy():
    array = np.arange(3.0)

    tensor = torch.from_dlpack(array)
    tensor[0] = 7

    assert array[0] == 7
    assert np.from_dlpack(torch.ones(2)).tolist() == [1, 1]
    with pytest.raises(TypeError, match="has no __dlpack__"):
        torch.from_dlpack([1])
