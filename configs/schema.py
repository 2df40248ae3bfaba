"""What each job's config may say: frozen, checked, one name per option, the same on the command line.

The values stand in the YAML file of the job beside this module and nowhere else. A field's metadata holds its help text and
its bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CLASSES = ('neutral', 'happiness', 'surprise', 'sadness', 'anger', 'disgust', 'fear', 'contempt', 'positive')
TEMPLATES = ('arcface-112', 'fer2013')
SPLITS = ('train', 'validation', 'test')


def option(text: str, low: float | None = None, high: float | None = None, choices: tuple[str, ...] = ()) -> Any:
    """A config field with its help text, its closed bounds and its choices."""
    return field(metadata={'help': text, 'low': low, 'high': high, 'choices': choices})


@dataclass(frozen=True)
class Crop:
    """How a face is cut out: upright, square, uint8, (size, size, channels).

    Attributes:
        template: name of the five-point template, see `transforms.align`.
        scale: width of the crop as a share of the template's; 1.5 shows half as much again around the face.
        size: side of the crop in pixels.
        channels: 1 (grey) or 3 (RGB).
    """

    template: str
    scale: float
    size: int
    channels: int

    def __str__(self) -> str:
        return f'{self.template}, scale {self.scale:g}, {self.size}x{self.size}x{self.channels}'


@dataclass(frozen=True, kw_only=True)
class PhotoConfig:
    """What `label` and `build` share: which inputs, their limits, how faces are found."""

    include: tuple[str, ...] = option('only inputs whose uri matches one of these globs')
    exclude: tuple[str, ...] = option('no input whose uri matches one of these globs')
    bytes_column: str | None = option('column of a Parquet file that holds the photos; default: told by its layout')
    key_column: str | None = option('column of a Parquet file, or of a list in CSV, that names the photos; default: told by its name')
    limit: int | None = option('only the first N inputs, by uri', low=1)
    shards: int | None = option('number of output parts, a power of two; default: inputs / 1000, rounded up to one', low=1)
    max_bytes: int = option('a larger file is `too_large`', low=1)
    max_pixels: int = option('an image of more pixels is `too_large`, seen before it is decoded', low=1)
    max_seconds: float = option('processor seconds that a photo may take before it is `timeout`; four times as many on the clock', low=0.1)
    smallest_face: float = option("smallest face to look for, as a share of the photo's longer side", low=0.002, high=0.5)
    min_score: float = option('detections below this score are no faces', low=0.0, high=1.0)
    whole_image: bool = option('every image is a face crop already: no detection')
    failure_ceiling: float = option('share of failed photos above which the job fails', low=0.0, high=1.0)


@dataclass(frozen=True, kw_only=True)
class LabelConfig(PhotoConfig):
    """`mien label`."""

    model: str = option('name of an installed model package, or its folder')
    crops: bool = option('keep the aligned crops (PNG) in the faces table')


@dataclass(frozen=True, kw_only=True)
class BuildConfig(PhotoConfig):
    """`mien build`."""

    name: str = option('name of the dataset; its record files begin with it')
    classes: tuple[str, ...] = option('class names in label order', choices=CLASSES)
    labels: str | None = option("CSV or Parquet file of labels; without one, a photo's folder is its label")
    image_column: str = option('column of the labels file that holds the uri or base name')
    label_column: str | None = option('column that holds the label')
    split_column: str | None = option('column that holds the given split')
    subject_column: str | None = option('column that holds who is shown')
    face_id_column: str | None = option('column that holds the face_id of the labelled face')
    box_columns: tuple[str, ...] = option('columns of the labelled face: x, y, width, height in upright pixels')
    votes: dict[str, str] = option("annotators' votes, as vote: column; a vote that is no class drops the face where it wins")
    label_map: dict[str, str] = option('labels to be renamed, as found: class')
    split_map: dict[str, str] = option('given splits to be renamed, as found: train, validation or test')
    validation_share: float = option('share of validation; with given splits, of their train', low=0.0, high=0.5)
    test_share: float = option('share of test; unused with given splits', low=0.0, high=0.5)
    crop_template: str = option('where the five landmarks lie in a crop', choices=TEMPLATES)
    crop_scale: float = option("width of a crop as a share of the five-point template's", low=0.5, high=3.0)
    crop_size: int = option('side of a crop in pixels', low=16, high=1024)
    crop_channels: int = option('1 for grey, 3 for RGB', choices=('1', '3'))
    record_bytes: int = option('size that a record file should not exceed', low=1 << 20)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """`mien train`."""

    architecture: str = option('name of the architecture: see `mien models`')
    name: str | None = option("the package's name; default: the architecture's")
    classes: tuple[str, ...] = option("train on these classes only; default: the dataset's", choices=CLASSES)
    input_size: int | None = option("side that crops are resized to inside the model; default: the dataset's", low=16, high=1024)
    epochs: int = option('epochs at most', low=1)
    batch_size: int = option('examples per step', low=1)
    learning_rate: float = option("Adam's learning rate at the start", low=0.0, high=1.0)
    soft_labels: bool = option("train on the annotators' distribution instead of the majority label")
    class_weights: bool = option('weigh examples by the inverse frequency of their class')
    flip: bool = option('augment: mirror half of the examples')
    rotation: float = option('augment: rotate by up to this many degrees', low=0.0, high=180.0)
    zoom: float = option('augment: scale by up to this share', low=0.0, high=0.9)
    shift: float = option("augment: move by up to this share of the crop's side", low=0.0, high=0.5)
    brightness: float = option('augment: add up to this share of the full range', low=0.0, high=1.0)
    contrast: float = option('augment: stretch by up to this share', low=0.0, high=1.0)
    plateau_factor: float = option('ReduceLROnPlateau: factor', low=0.0, high=1.0)
    plateau_patience: int = option('ReduceLROnPlateau: epochs without a better validation loss', low=1)
    stop_patience: int = option('EarlyStopping: epochs without a better validation loss', low=1)
    coverage: float = option('share of validation faces that get a label and are not abstained', low=0.0, high=1.0)
    seed: int = option('seed of weights, order and augmentation', low=0)
    device: str = option('where to train', choices=('cpu', 'gpu', 'tpu'))
    expect_accuracy: float | None = option('accuracy that this recipe should reach on test; below it the run says so', low=0.0, high=1.0)
