"""Losses and distances as modules: each keeps the settings of its function, class weights as buffers."""

from . import functional
from .functional.reduction import checked, chosen
from .of_function import OfFunction, module_of

__all__ = [
    "L1Loss", "MSELoss", "SmoothL1Loss", "HuberLoss", "BCELoss", "BCEWithLogitsLoss", "KLDivLoss",
    "PoissonNLLLoss", "GaussianNLLLoss", "CrossEntropyLoss", "NLLLoss", "NLLLoss2d", "CTCLoss", "MultiMarginLoss",
    "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "SoftMarginLoss", "HingeEmbeddingLoss",
    "CosineEmbeddingLoss", "MarginRankingLoss", "TripletMarginLoss", "TripletMarginWithDistanceLoss",
    "CosineSimilarity", "PairwiseDistance",
]  # fmt: skip


class Loss(OfFunction):
    """The base of losses; the two old arguments become a reduction when the module is made."""

    def settled(self, settings):
        settings = dict(settings)
        if "size_average" in settings:
            old = settings.pop("size_average"), settings.pop("reduce")
            self.size_average = self.reduce = None
            if old != (None, None):
                settings["reduction"] = chosen(*old, settings["reduction"])
        if settings["reduction"] != "batchmean":
            checked(settings["reduction"])
        return settings


def loss(name, function, kept=(), **more):
    return module_of(name, function, base=Loss, kept=kept, **more)


OLD = ("size_average", "reduce", "reduction")
WEIGHTS = ("weight", "pos_weight")

# -- numbers and chances -------------------------------------------------------------------------

L1Loss = loss("L1Loss", functional.l1_loss, order=OLD)
MSELoss = loss("MSELoss", functional.mse_loss, order=OLD)
SmoothL1Loss = loss("SmoothL1Loss", functional.smooth_l1_loss)
HuberLoss = loss("HuberLoss", functional.huber_loss, order=("reduction", "delta"))
BCELoss = loss("BCELoss", functional.binary_cross_entropy, WEIGHTS)
BCEWithLogitsLoss = loss("BCEWithLogitsLoss", functional.binary_cross_entropy_with_logits, WEIGHTS)
KLDivLoss = loss("KLDivLoss", functional.kl_div)
PoissonNLLLoss = loss("PoissonNLLLoss", functional.poisson_nll_loss)
GaussianNLLLoss = loss("GaussianNLLLoss", functional.gaussian_nll_loss)

# -- classes -------------------------------------------------------------------------------------

CrossEntropyLoss = loss("CrossEntropyLoss", functional.cross_entropy, WEIGHTS)
NLLLoss = loss("NLLLoss", functional.nll_loss, WEIGHTS)
NLLLoss2d = loss("NLLLoss2d", functional.nll_loss, WEIGHTS)
CTCLoss = loss("CTCLoss", functional.ctc_loss)
MultiMarginLoss = loss("MultiMarginLoss", functional.multi_margin_loss, WEIGHTS)
MultiLabelMarginLoss = loss("MultiLabelMarginLoss", functional.multilabel_margin_loss)
MultiLabelSoftMarginLoss = loss("MultiLabelSoftMarginLoss", functional.multilabel_soft_margin_loss, WEIGHTS)

# -- pairs and triplets --------------------------------------------------------------------------

SoftMarginLoss = loss("SoftMarginLoss", functional.soft_margin_loss)
HingeEmbeddingLoss = loss("HingeEmbeddingLoss", functional.hinge_embedding_loss)
CosineEmbeddingLoss = loss("CosineEmbeddingLoss", functional.cosine_embedding_loss)
MarginRankingLoss = loss("MarginRankingLoss", functional.margin_ranking_loss)
TripletMarginLoss = loss("TripletMarginLoss", functional.triplet_margin_loss)
TripletMarginWithDistanceLoss = loss("TripletMarginWithDistanceLoss", functional.triplet_margin_with_distance_loss)

# -- distances -----------------------------------------------------------------------------------

CosineSimilarity = module_of("CosineSimilarity", functional.cosine_similarity)
PairwiseDistance = module_of("PairwiseDistance", functional.pairwise_distance)
