"""From the parts of all videos to the feature store and the index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ral_core.features.encoders import open_text_encoder
from ral_core.features.joint import PREFIX
from ral_core.features.joint_text import JointText
from ral_core.features.video_encoder import DemoVideoEncoder, JointVideoEncoder
from ral_core.files import sha256, write_json
from ral_core.index.build import IndexConfig, build_index
from ral_core.index.own import plain_name, renew_indexes
from ral_core.ingest.library import (
    Library,
    clear,
    digest_of,
    has_index,
    is_packed,
    pack,
    video_rows,
    write_tables,
)
from ral_core.ingest.parts import Entry
from ral_core.ingest.scan import LIBRARY, Skipped
from ral_core.models.checkpoint import load_model, read_settings, save_model
from ral_core.models.zero_shot import ZeroShot, zero_shot_config

Say = Callable[[str], None]
DEMO_MODEL = Path(__file__).resolve().parents[2] / "precomputed" / "models" / "ral"


def finish(
    library: Library,
    entries: Sequence[Entry],
    about: dict[str, Any],
    encoder: JointVideoEncoder | DemoVideoEncoder,
    skipped: Sequence[Skipped],
    say: Say,
) -> Path:
    """Join the parts, build the index and then say in library.json that both are done; returns the index."""
    joint = encoder if isinstance(encoder, JointVideoEncoder) else None
    model_folder = zero_shot(library, joint) if joint else DEMO_MODEL
    text_spec = f"{PREFIX}{about['encoder']}" if joint else "minilm"
    index = library.indexes / f"{plain_name(about['name'])}-{model_folder.name}"
    old = library.about()
    digest = digest_of(
        entries, encoder.id, about["name"], about["source"], sha256(model_folder / "model.safetensors")
    )
    facts = {"model": model_folder.name, "index": index.name, "videos": len(entries), "digest": digest}
    facts |= {
        "rows": sum(len(entry.windows) for entry in entries),
        "skipped": [asdict(one) for one in skipped],
    }
    if old.get("digest") != digest or not is_packed(library, entries, encoder.id) or not has_index(index):
        write_json(library.folder / LIBRARY, old | {"digest": None})
        pack(library, entries, encoder.id, encoder.fps)
        captions = library.folder / "captions.jsonl"
        built = build_index(
            index,
            load_model(model_folder, device=encoder.encoder.device),
            model_folder,
            library.features,
            JointText(joint.encoder) if joint else open_text_encoder(text_spec),
            IndexConfig(name=index.name, collection=about["name"], text_spec=text_spec),
            captions=captions if captions.is_file() else None,
            rows=video_rows(library, entries, index),
            say=say,
        )
        renew_indexes(library.folder, built, library.features, device=encoder.encoder.device, say=say)
    write_tables(library, about | facts, entries)
    clear(library, entries)
    return index


def zero_shot(library: Library, encoder: JointVideoEncoder) -> Path:
    """The folder of the library's zero-shot model, which is written where there is none of this encoder."""
    folder = library.folder / "models" / ZeroShot.name
    extra = {"visual_encoder": encoder.id, "text_encoder": encoder.id}
    if not (folder / "config.json").is_file() or read_settings(folder)["extra"] != extra:
        save_model(folder, ZeroShot(zero_shot_config(encoder.width)), extra)
    return folder
