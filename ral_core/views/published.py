"""Results that papers and repositories published, for orientation: nothing here was measured by this program."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One row of a published table; per cent, as printed."""

    dataset: str
    system: str
    recalls: tuple[float, float, float, float]  # R@1, R@5, R@10, R@100
    total: float  # SumR as printed; rounding can differ from the sum of the row
    source: str


MSSL, GMM, V2 = "README of MS-SL", "README of GMMFormer", "README of GMMFormer v2"
PP, RAL, MSC = "README of MS-SL++", "RAL, arXiv 2509.01383", "MSC, tables 4 and 5 (CLIP-L/14 features)"

PUBLISHED = (
    Published("TVR", "MS-SL", (13.5, 32.1, 43.4, 83.4), 172.3, MSSL),
    Published("TVR", "MS-SL++", (13.6, 33.1, 44.2, 83.5), 174.5, PP),
    Published("TVR", "GMMFormer", (13.9, 33.3, 44.5, 84.9), 176.6, GMM),
    Published("TVR", "GMMFormer v2", (16.2, 37.6, 48.8, 86.4), 189.1, V2),
    Published("TVR", "RAL on MS-SL", (14.5, 34.3, 45.8, 84.5), 179.1, RAL),
    Published("TVR", "RAL on GMMFormer", (15.8, 36.4, 47.9, 86.0), 186.1, RAL),
    Published("TVR", "RAL on GMMFormer v2", (18.2, 40.4, 52.1, 88.0), 198.8, RAL),
    Published("TVR", "MSC", (35.1, 61.6, 71.5, 94.9), 263.1, MSC),
    Published("ActivityNet-Captions", "MS-SL", (7.1, 22.5, 34.7, 75.8), 140.1, MSSL),
    Published("ActivityNet-Captions", "MS-SL++", (7.0, 23.1, 35.2, 75.8), 141.1, PP),
    Published("ActivityNet-Captions", "GMMFormer", (8.3, 24.9, 36.7, 76.1), 146.0, GMM),
    Published("ActivityNet-Captions", "GMMFormer v2", (8.9, 27.1, 40.2, 78.7), 154.9, V2),
    Published("ActivityNet-Captions", "RAL on MS-SL", (7.4, 23.4, 35.4, 76.7), 143.0, RAL),
    Published("ActivityNet-Captions", "RAL on GMMFormer", (8.4, 25.1, 37.2, 77.0), 147.7, RAL),
    Published("ActivityNet-Captions", "RAL on GMMFormer v2", (8.9, 27.7, 40.4, 79.1), 156.1, RAL),
    Published("ActivityNet-Captions", "MSC", (17.7, 42.0, 55.6, 86.8), 202.1, MSC),
    Published("Charades-STA", "MS-SL", (1.8, 7.1, 11.8, 47.7), 68.4, MSSL),
    Published("Charades-STA", "MS-SL++", (1.8, 7.6, 12.0, 48.4), 69.7, PP),
    Published("Charades-STA", "GMMFormer", (2.1, 7.8, 12.5, 50.6), 72.9, GMM),
    Published("Charades-STA", "GMMFormer v2", (2.5, 8.6, 13.9, 53.2), 78.2, V2),
    Published("Charades-STA", "MSC", (3.2, 12.6, 20.1, 63.8), 99.7, MSC),
)
