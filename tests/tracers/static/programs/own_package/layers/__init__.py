from .blocks import ConvBlock
from .init import init_all as initialise

__all__ = ["ConvBlock", "initialise"]
