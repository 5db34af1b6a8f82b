"""Encode a collection once, so that searching it is a matter of milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.data.captions import read_captions
from ral_core.errors import DataError, EncoderMismatch
from ral_core.features.encoders import require_encoder
from ral_core.features.packed import EncodesText, pack_videos, pack_words
from ral_core.features.store import FeatureStore
from ral_core.files import sha256
from ral_core.index.calibration import GENERIC, Reference, calibrate, from_captions
from ral_core.index.candidates import write_clip_index
from ral_core.index.folder import IndexFolder, Manifest, VideoRow, open_index, write_index
from ral_core.index.rows import Places, checked_rows, relative, video_numbers, video_rows
from ral_core.models import RAL, PRVRModel
from ral_core.models.checkpoint import read_settings
from ral_core.tensors import VideoTokens, pad_stack

__all__ = ["IndexConfig", "build_index", "extend_index", "relative", "token_batch"]

Arrays = dict[str, NDArray[Any]]
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class IndexConfig:
    """How an index is made."""

    name: str
    collection: str
    dtype: str = "float32"
    """`float16` halves the folder; scores then differ in the fourth digit."""
    batch: int = 50
    """Videos encoded at once."""
    text_spec: str = "minilm"
    """What opens the text encoder of the queries."""
    references: int = 2000
    """At most so many sentences for the null statistics, evenly taken."""

    def __post_init__(self) -> None:
        if self.dtype not in ("float32", "float16"):
            raise DataError(f"An index can be float32 or float16, not {self.dtype!r}.")


def build_index(
    folder: Path,
    model: PRVRModel,
    model_folder: Path,
    features: Path,
    text: EncodesText,
    config: IndexConfig,
    *,
    captions: Path | None = None,
    films: Path | None = None,
    media: Path | None = None,
    references: Sequence[Reference] | None = None,
    rows: Sequence[VideoRow] | None = None,
    say: Say = lambda line: None,
) -> IndexFolder:
    """Encode the videos of a feature folder with `model` and write the index to `folder`.

    `captions` (captions.jsonl) gives sentences with known films for the null statistics, unless `references`
    brings others that the model was not trained on, and the truth shown beside answers; `films` (films.jsonl)
    gives titles and tags; `media` is a folder with media/, posters/ and strips/. `rows` describe the videos
    instead, one for each id of the features and in their order, which may be windows of long videos. Raises DataError or EncoderMismatch when model, encoder and features do not fit.
    """
    store = FeatureStore.open(features)
    check_encoders(model_folder, store, text)
    check_widths(model, store, text)
    rows = video_rows(folder, store, films, media) if rows is None else checked_rows(rows, store)
    arrays = merged(list(encoded_videos(model, store, store.ids, config.batch, say)))
    manifest = Manifest(
        name=config.name,
        collection=config.collection,
        model=model_folder.name,
        model_sha256=sha256(model_folder / "model.safetensors"),
        visual_encoder=store.encoder,
        text_encoder=text.id,
        text_spec=config.text_spec,
        videos=0,
        clips=0,
        segments=0,
        frames=0,
        width=0,
        dtype=config.dtype,
        clip_weight=model.config.clip_weight,
        frame_weight=model.config.frame_weight,
        model_folder=relative(model_folder, folder),
        captions=relative(captions, folder),
        films=relative(films, folder),
    )
    if references is None:
        references = from_captions(read_captions(captions)) if captions else list(GENERIC)
    return finished(folder, manifest, rows, arrays, model, text, thinned(references, config.references), say)


def extend_index(
    folder: Path,
    model: PRVRModel,
    features: Path,
    text: EncodesText,
    *,
    rows: Sequence[VideoRow] = (),
    say: Say = lambda line: None,
) -> IndexFolder:
    """Add the videos of another feature folder to an index; ids it already has are left as they are.

    `rows` describe the new videos; those not described take their id as title. Raises EncoderMismatch when
    the features or the sentences come from other encoders than the index.
    """
    index, store = open_index(folder), FeatureStore.open(features)
    if store.encoder != index.manifest.visual_encoder:
        raise EncoderMismatch(
            f"The index {folder.name} holds videos seen by {index.manifest.visual_encoder!r}, but the features in "
            f"{features} come from {store.encoder!r}; extract them with the former."
        )
    require_encoder(text, index.manifest.text_encoder, f"The index {folder.name}")
    check_widths(model, store, text)
    known = {video.id for video in index.videos}
    new = [video_id for video_id in store.ids if video_id not in known]
    if not new:
        return index
    described = {row.id: row for row in rows}
    plain = {row.id: row for row in video_rows(folder, store, None, None)}
    parts = [{name: np.asarray(array) for name, array in index.arrays.items()}]
    parts += encoded_videos(model, store, new, 50, say)
    captions = index.file(index.manifest.captions)
    references = from_captions(read_captions(captions)) if captions else list(GENERIC)
    videos = [*index.videos, *(described.get(video_id, plain[video_id]) for video_id in new)]
    return finished(
        folder, index.manifest, videos, merged(parts), model, text, thinned(references, 2000), say
    )


def finished(
    folder: Path,
    manifest: Manifest,
    rows: Sequence[VideoRow],
    arrays: Arrays,
    model: PRVRModel,
    text: EncodesText,
    references: Sequence[Reference],
    say: Say,
) -> IndexFolder:
    """Add the null statistics to encoded videos and write everything."""
    places, numbers = Places(rows), video_numbers(rows)
    references = [one for one in references if not places.videos <= one.relevant] or list(GENERIC)
    say(f"scoring {len(references)} reference sentences")
    scores, log_var = reference_scores(model, arrays, text, references)
    own = np.array([places.own(reference) for reference in references])
    relevant = np.zeros(scores.shape, dtype=bool)
    for query, reference in enumerate(references):
        relevant[query, [row for film in reference.relevant for row in places.rows(film)]] = True
    null = calibrate(scores, own, relevant, numbers)
    arrays |= {"null_mean": null.null_mean, "null_std": null.null_std, "null_top": null.null_top}
    if log_var is not None:
        arrays["query_log_var"] = np.sort(log_var)
    manifest = replace(
        manifest, cutoff=null.cutoff, margin=null.margin, separation=null.separation, detector=None
    )
    written = write_index(folder, manifest, rows, arrays)
    write_clip_index(folder, written["clips"])
    return written


def check_encoders(model_folder: Path, store: FeatureStore, text: EncodesText) -> None:
    """Raise EncoderMismatch unless the model was trained on what these encoders make, where it says on what."""
    trained = read_settings(model_folder)["extra"]
    for kind, offered in (("visual_encoder", store.encoder), ("text_encoder", text.id)):
        if trained.get(kind, offered) != offered:
            raise EncoderMismatch(
                f"The model {model_folder.name} was trained with the {kind.replace('_', ' ')} {trained[kind]!r}, "
                f"not with {offered!r}; index with its own encoder."
            )


def check_widths(model: PRVRModel, store: FeatureStore, text: EncodesText) -> None:
    """Raise EncoderMismatch unless the model was made for features and words of these widths."""
    config = model.config
    if config.visual_width != store.width:
        raise EncoderMismatch(
            f"The model reads video features of width {config.visual_width}, but {store.encoder} makes {store.width}; "
            "extract the features with the encoder that the model was trained on."
        )
    if config.text_width != text.width:
        raise EncoderMismatch(
            f"The model reads word features of width {config.text_width}, but {text.id} makes {text.width}; "
            "open the text encoder that the model was trained on."
        )


@torch.inference_mode()
def encoded_videos(
    model: PRVRModel, store: FeatureStore, ids: Sequence[str], batch: int, say: Say
) -> Iterator[Arrays]:
    """The arrays of some videos at a time, in the order of `ids`."""
    model.eval()
    device = next(model.parameters()).device
    config = model.config
    for start in range(0, len(ids), batch):
        some = ids[start : start + batch]
        packed = pack_videos(
            store,
            some,
            clips=config.clips,
            max_frames=config.max_frames,
            legacy_bins=config.choices.legacy_bins,
        )
        tokens = model.encode_video(packed.batch.to(device))
        mask = packed.batch.frame_mask
        part = {
            "clips": tokens.clips.cpu().numpy(),
            "frames": tokens.frames[:, : mask.shape[1]].cpu()[mask].numpy(),
            "frame_offsets": np.concatenate([[0], mask.sum(1).cumsum(0).numpy()]),
            "frame_times": packed.frame_times[mask].numpy(),
            "clip_times": packed.clip_times.numpy(),
        }
        if tokens.clip_spans is not None:
            part["clip_spans"] = tokens.clip_spans.cpu().numpy()
        if isinstance(model, RAL):
            gaussian = model.video_gaussian(tokens)
            part["gaussian_mean"] = gaussian.mean.cpu().numpy()
            part["gaussian_log_var"] = gaussian.log_var.cpu().numpy()
        say(f"encoded {start + len(some)} of {len(ids)} videos")
        yield part


def merged(parts: Sequence[Mapping[str, NDArray[Any]]]) -> Arrays:
    """The parts' videos one after the other; null statistics, which are about the whole, are dropped."""
    names = [name for name in parts[-1] if name != "frame_offsets"]
    whole = {name: np.concatenate([part[name] for part in parts]) for name in names}
    lengths = np.concatenate([np.diff(part["frame_offsets"]) for part in parts])
    return whole | {"frame_offsets": np.concatenate([[0], lengths.cumsum()])}


@torch.inference_mode()
def reference_scores(
    model: PRVRModel, arrays: Arrays, text: EncodesText, references: Sequence[Reference]
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Fused scores (N, V) of the references, and each one's mean log variance (N,) where the model has it."""
    device = next(model.parameters()).device
    videos = model.prepared(token_batch(arrays).to(device))
    words = pack_words(text, [reference.text for reference in references])
    scores, widths = [], []
    for batch in words.batches(64, model.config.max_words):
        tokens = model.encode_query(batch.to(device))
        scores.append(model.fused(model.score(tokens, videos)).cpu().numpy())
        if isinstance(model, RAL):
            widths.append(model.query_gaussian(tokens).log_var.mean(-1).cpu().numpy())
    return np.concatenate(scores), np.concatenate(widths) if widths else None


def token_batch(arrays: Mapping[str, NDArray[Any]]) -> VideoTokens:
    """All videos of an index as one padded float32 batch."""
    offsets = arrays["frame_offsets"]
    frames = torch.from_numpy(np.array(arrays["frames"], dtype=np.float32))
    rows, mask = pad_stack(frames.split(np.diff(offsets).tolist()))
    clips = torch.from_numpy(np.array(arrays["clips"], dtype=np.float32))
    spans = torch.from_numpy(np.array(arrays["clip_spans"])) if "clip_spans" in arrays else None
    return VideoTokens(clips, rows, mask, spans)


def thinned(references: Sequence[Reference], most: int) -> list[Reference]:
    """At most `most` references, evenly taken."""
    places = np.unique(np.linspace(0, len(references) - 1, min(most, len(references))).astype(int))
    return [references[place] for place in places]
