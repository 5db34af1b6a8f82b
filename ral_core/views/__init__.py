"""Pages: each draws what the analysis computed.

Gradio imports pandas, and pandas imports pyarrow where that is installed. The page has no use for the two together,
so pandas is imported here as if pyarrow were missing; who wants to write parquet gets it later all the same.
"""

import sys

if "pandas" not in sys.modules and "pyarrow" not in sys.modules:
    sys.modules["pyarrow"] = None  # type: ignore[assignment]  # what Python takes for "cannot be imported"
    try:
        import pandas  # type: ignore[import-untyped]  # noqa: F401
    except ImportError:  # then Gradio says so
        pass
    finally:
        del sys.modules["pyarrow"]
