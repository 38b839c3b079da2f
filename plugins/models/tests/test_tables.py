"""Tables: what they count, and what they refuse."""

import pytest

from trivium.spec import Spec
from trivium_models import MODELS, Table, TableError, googlenet, lenet, loss, resnet, row

COUNTS = {
    "lenet": 431_080,
    "alexnet": 60_965_224,
    "vgg11": 132_863_336,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "googlenet": 13_378_280,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "se_resnet18": 11_778_592,
    "se_resnet50": 28_088_024,
}


def test_every_network_has_the_published_number_of_parameters():
    assert {name: make().parameter_count for name, make in MODELS.items()} == COUNTS


def test_auxiliary_classifiers_are_left_out_of_the_deployed_network():
    table = googlenet()

    assert table.deployed().parameter_count == 6_998_552
    assert table.heads == ["loss3/classifier", "loss1/classifier", "loss2/classifier"]
    assert [one.weight for one in table.losses] == [1.0, 0.3, 0.3]
    assert table.deployed().losses == []


@pytest.mark.parametrize(("depth", "width"), [(18, 512), (50, 2048)])
def test_squeeze_and_excitation_costs_two_dense_layers_for_each_block(depth, width):
    plain, excited = resnet(depth), resnet(depth, squeeze=16)
    blocks = [(width >> 3, 0), (width >> 2, 1), (width >> 1, 2), (width, 3)]
    counts = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}[depth]

    added = sum(counts[i] * (2 * c * c // 16 + c + c // 16) for c, i in blocks)

    assert excited.parameter_count - plain.parameter_count == added


def test_planes_are_as_in_the_papers():
    at = {placed.row.name: placed.output for placed in googlenet().placed(batch=1)}

    assert at["pool1/3x3_s2"] == Spec((1, 64, 56, 56), "float32")
    assert at["inception_4a/output"] == Spec((1, 512, 14, 14), "float32")
    assert at["loss1/ave_pool"] == Spec((1, 512, 4, 4), "float32")
    assert at["pool5/7x7_s1"] == Spec((1, 1024, 1, 1), "float32")


def test_the_deepest_networks_number_their_blocks_as_their_authors_do():
    names = {one.name for one in resnet(101).rows}

    assert {"res2c", "res3b3", "res4b22", "res5c", "bn4b22_branch2c"} <= names
    assert "res4b" not in names


def test_a_row_without_inputs_reads_the_row_before():
    assert [one.inputs for one in lenet().rows[:2]] == [("data",), ("conv1",)]


def test_a_row_that_reads_what_is_not_there_is_refused():
    with pytest.raises(TableError, match=r"row 'relu1' reads 'conv_1', which no row before makes.*'conv1'"):
        Table("mine", image=(1, 8, 8), scores="relu1", rows=[
            row("conv1", "Convolution", filters=4, kernel=3), row("relu1", "Relu", "conv_1"),
        ])  # fmt: skip


def test_two_rows_of_one_name_are_refused():
    with pytest.raises(TableError, match="two rows are called 'relu'"):
        Table("mine", image=(1, 8, 8), scores="relu", rows=[row("relu", "Relu"), row("relu", "Relu")])


def test_scores_must_be_a_row():
    with pytest.raises(TableError, match="mine: there is no row 'fc'"):
        Table("mine", image=(1, 8, 8), scores="fc", rows=[row("relu", "Relu"), loss("loss", "relu")])


def test_images_that_do_not_halve_five_times_are_refused():
    with pytest.raises(TableError, match="size 100 is no multiple of 32"):
        resnet(18, size=100)
