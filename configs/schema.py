"""What each job's config may say: frozen, checked, one name per option, the same on the command line.

The values stand in the YAML file of the job beside this module and nowhere else. A field's metadata holds its help text and
its bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

CLASSES = ('neutral', 'happiness', 'surprise', 'sadness', 'anger', 'disgust', 'fear', 'contempt', 'positive')
TEMPLATES = ('arcface-112', 'fer2013')
SPLITS = ('train', 'validation', 'test')
DROP = 'drop'  # what a label map says of a label that shall make no example
COMPRESSIONS = {'none': '', 'gzip': 'GZIP'}  # of record files, and what TensorFlow calls them
OPTIMIZERS = ('adam', 'nadam')
MIRRORS = ('none', 'average', 'orient')
SCHEDULES = ('plateau', 'cosine')
LEAST_RATE = 1e-9  # with none at all nothing is learnt
PRECISIONS = ('float32', 'mixed_bfloat16', 'mixed_float16')
INPUT_RANGES = ('0..255', '0..1', '-1..1')
EXPORTS = ('float', 'int8', 'saved_model', 'onnx')
LABELLING = ('float', 'int8')
PREFERENCES = (
    'load_cold',
    'load_warm',
    'latency',
    'faces_per_second',
    'bytes',
    'parameters',
    'train_seconds',
    'accuracy',
    'macro_f1',
    'loss',
)
WHOLE_IMAGE = 'every image is a face crop already: no detection'


def option(
    text: str, low: float | None = None, high: float | None = None, choices: tuple[str, ...] = (), of: type[Any] | None = None
) -> Any:
    """A config field with its help text, its closed bounds, its choices, and of a map by name the schema of its values."""
    return field(metadata={'help': text, 'low': low, 'high': high, 'choices': choices, 'of': of})


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
    whole_image: bool = option(WHOLE_IMAGE)
    failure_ceiling: float = option('share of failed photos above which the job fails', low=0.0, high=1.0)


@dataclass(frozen=True, kw_only=True)
class LabelConfig(PhotoConfig):
    """`mien label`."""

    model: str = option('name of an installed model package, or its folder')
    crops: bool = option('keep the aligned crops (PNG) in the faces table')


@dataclass(frozen=True, kw_only=True)
class SourceConfig:
    """What a collection of photos is, and how its labels are read."""

    whole_image: bool = option(WHOLE_IMAGE)
    image_column: str = option('column of the labels file that holds the uri, the path below the INPUT or the base name')
    label_column: str | None = option('column that holds the label')
    split_column: str | None = option('column that holds the given split')
    subject_column: str | None = option('column that holds who is shown')
    face_id_column: str | None = option('column that holds the face_id of the labelled face')
    box_columns: tuple[str, ...] = option('columns of the labelled face: x, y, width, height in upright pixels')
    votes: dict[str, str] = option("annotators' votes, as vote: column; a vote that is no class drops the face where it wins")
    label_map: dict[str, str] = option('labels and votes to be renamed, merged or dropped, as found: class or drop')
    split_map: dict[str, str] = option('given splits to be renamed, as found: train, validation or test')
    licence: str | None = option('licence of the photos, for the card')
    weight: float = option('weight of each of its examples in training', low=0.0)


@dataclass(frozen=True, kw_only=True)
class NamedSource(SourceConfig):
    """What `sources` may say of one; all of it may be left out."""

    inputs: tuple[str, ...] = option('names of its INPUTs; default: its own')


@dataclass(frozen=True, kw_only=True)
class BuildConfig(PhotoConfig, SourceConfig):
    """`mien build`. What `SourceConfig` says holds for every source that does not say it anew."""

    name: str = option('name of the dataset; its record files begin with it')
    classes: tuple[str, ...] = option('class names in label order', choices=CLASSES)
    labels: tuple[str, ...] = option("CSV or Parquet files of labels, each [SOURCE=]FILE; without one, a photo's folder is its label")
    sources: dict[str, dict[str, Any]] = option('by name, what is said of a source alone', of=NamedSource)
    vote_policy: str = option(
        'majority: a tie drops the face; soft: it stays, its distribution being the votes', choices=('majority', 'soft')
    )
    vote_margin: float = option('share of all votes by which the first must lead the second', low=0.0, high=1.0)
    vote_share: float = option('share of all votes that the first must exceed', low=0.0, high=1.0)
    vote_floor: int = option('a class with fewer votes has none', low=1)
    minimum_votes: int = option('a face with fewer votes is dropped', low=1)
    min_face_size: float | None = option("quality gate: shorter side of a face's box in pixels", low=0.0)
    min_sharpness: float | None = option('quality gate: sharpness as in `faces`', low=0.0)
    max_yaw: float | None = option('quality gate: yaw as in `faces`, to either side', low=0.0, high=1.0)
    max_roll: float | None = option('quality gate: degrees of roll to either side', low=0.0, high=180.0)
    min_detection_score: float | None = option('quality gate: detection score', low=0.0, high=1.0)
    duplicates: str = option('of duplicates in train, keep one or all', choices=('one', 'all'))
    duplicate_bits: int | None = option("bits by which duplicates' hashes may differ; null: identical pixels only", low=0, high=8)
    duplicate_difference: float = option(
        'mean difference of their thumbnails, evened out, in standard deviations, up to which such faces are duplicates', low=0.0, high=2.0
    )
    largest_group: int = option('where more different faces seem to be one picture, none is taken for it, and that is said', low=2)
    per_class: int | None = option('training examples of each class at most, chosen by a stable hash', low=1)
    validation_share: float = option('share of validation; with given splits, of their train', low=0.0, high=0.5)
    test_share: float = option('share of test; 1 makes a dataset to measure on; unused with given splits', low=0.0, high=1.0)
    crop_template: str = option('where the five landmarks lie in a crop', choices=TEMPLATES)
    crop_scale: float = option("width of a crop as a share of the five-point template's", low=0.5, high=3.0)
    crop_size: int = option('side of a crop in pixels', low=16, high=1024)
    crop_channels: int = option('1 for grey, 3 for RGB', choices=('1', '3'))
    record_bytes: int = option('size that a record file should not exceed', low=1 << 20)
    compression: str = option('of the record files; TFDS reads none only', choices=tuple(COMPRESSIONS))
    reject_ceiling: float = option('share of labels and photos that do not fit together above which the job fails', low=0.0, high=1.0)

    def source(self, name: str) -> SourceConfig:
        """What holds for a source."""
        own = self.sources.get(name, {})
        return SourceConfig(**{key.name: own.get(key.name, getattr(self, key.name)) for key in fields(SourceConfig)})


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """`mien train`."""

    architecture: str = option(
        'name of an architecture (see `mien models`), of a network of Keras Applications, MODULE:FUNCTION of your own, or a Keras file'
    )
    name: str | None = option("the package's name; default: the architecture's")
    classes: tuple[str, ...] = option("train on these classes only; default: the dataset's", choices=CLASSES)
    input_size: int | None = option(
        "side that crops are resized to inside the model; default: the crops', and at least the architecture's own",
        low=8,
        high=1024,
    )
    input_range: str = option(
        'values that a Keras file expects of an image (--input-range=-1..1); other architectures bring their own', choices=INPUT_RANGES
    )
    weights: str = option(
        'what to begin with: none, imagenet (Keras Applications, downloaded by Keras), a model package, a file of Keras, dlib (.dat) or '
        'TF-slim (.pb), or MODULE:FILE, which an installed Python module carries'
    )
    frozen_epochs: int = option('epochs in which only the new head learns, before all of the network does', low=0)
    fine_tuning_rate: float | None = option('learning rate after the frozen epochs; default: the learning rate', low=LEAST_RATE, high=1.0)
    epochs: int = option('epochs at most; 0 takes a Keras file as it is', low=0)
    minutes: float | None = option('minutes of training at most; what is trained by then becomes the package', low=0.01)
    batch_size: int = option('examples per step, of all devices and workers together', low=1)
    optimizer: str = option('adam or nadam', choices=OPTIMIZERS)
    learning_rate: float = option('learning rate at the start', low=LEAST_RATE, high=1.0)
    schedule: str = option(
        'how the learning rate falls: at a plateau of the validation loss, or along half a cosine to 0 at the last epoch', choices=SCHEDULES
    )
    warmup_epochs: int = option('cosine: epochs before it, in which the learning rate grows from 0', low=0)
    weight_decay: float = option(
        'share of each kernel that a step takes away, times the learning rate; biases and normalisation stay', low=0.0, high=1.0
    )
    precision: str = option('what layers calculate in; weights are always float32', choices=PRECISIONS)
    ema: float | None = option('momentum of a moving average of the weights, which is what becomes the package', low=0.0, high=0.9999)
    soft_labels: bool = option("train on the annotators' distribution instead of the majority label")
    label_smoothing: float = option('share of each target that is spread over all classes', low=0.0, high=0.9)
    teachers: tuple[str, ...] = option('model packages whose probabilities are learnt too, installed names or folders')
    teacher_share: float = option('teachers: share of a target that is theirs, the mean of all; the rest is its own', low=0.0, high=1.0)
    teacher_temperature: float = option('teachers: what their logits are divided by', low=0.01)
    class_weights: bool = option('weigh examples by the inverse frequency of their class')
    flip: bool = option('augment: mirror half of the examples')
    rotation: float = option('augment: rotate by up to this many degrees', low=0.0, high=180.0)
    zoom: float = option('augment: scale by up to this share', low=0.0, high=0.9)
    shift: float = option("augment: move by up to this share of the crop's side", low=0.0, high=0.5)
    brightness: float = option('augment: add up to this share of the full range', low=0.0, high=1.0)
    contrast: float = option('augment: stretch by up to this share', low=0.0, high=1.0)
    blur: float = option('augment: blur or sharpen by up to this share of a 3x3 binomial filter', low=0.0, high=1.0)
    cutout: float = option("augment: cover a grey rectangle whose sides are up to this share of the crop's", low=0.0, high=1.0)
    mixup: float = option('augment: mix examples and targets in pairs by shares of Beta(X, X); 0: not at all', low=0.0)
    plateau_factor: float = option('ReduceLROnPlateau: factor', low=0.0, high=0.99)
    plateau_patience: int = option('ReduceLROnPlateau: epochs without a better validation loss', low=1)
    stop_patience: int | None = option('EarlyStopping: epochs without a better validation loss; null in a config: never', low=1)
    mirror: str = option(
        'how the package gives mirror images one label: orient turns each crop so that its darker half is on the left; average takes the '
        'mean of the logits of both, in twice the time; none: not at all',
        choices=MIRRORS,
    )
    least_share: float = option(
        'the package expects each class at least this often, where it was rarer in training: finds more of it', low=0.0, high=0.5
    )
    coverage: float = option('share of validation faces that get a label and are not abstained', low=0.0, high=1.0)
    exports: tuple[str, ...] = option('what the package holds beside the Keras file and the export that labels', choices=EXPORTS)
    label_with: str = option('export that labels', choices=LABELLING)
    seed: int = option('seed of weights, order and augmentation', low=0, high=2**32 - 2)
    measure_on: tuple[str, ...] = option('datasets on whose test split the package is measured, too, for its figures and its card')
    device: str = option('where to train', choices=('cpu', 'gpu', 'tpu'))
    expect_accuracy: float | None = option('accuracy that this recipe should reach on test; below it the run says so', low=0.0, high=1.0)
    expect_on: str | None = option('name of the one dataset that --expect-accuracy is said of; by default any')


@dataclass(frozen=True, kw_only=True)
class NamedRun:
    """What `runs` may say of one; all of it may be left out."""

    dataset: str = option('name of the dataset to train on; default: the only one given')
    config: str = option("shipped train config, or YAML file; default: the architecture's recipe")
    architecture: str = option("as of `mien train`; default: the config's")
    weights: str = option("as of `mien train`, or the id of an earlier run, whose package it begins with; default: the config's")


@dataclass(frozen=True, kw_only=True)
class CompareConfig:
    """`mien compare`."""

    architectures: tuple[str, ...] = option(
        'architectures to train on each DATASET, each as `mien train` takes it; all: every one that it knows'
    )
    packages: tuple[str, ...] = option('model packages that are taken as they are, installed names or folders')
    runs: dict[str, dict[str, Any]] = option('by id, trainings instead of the product of datasets and architectures', of=NamedRun)
    only: tuple[str, ...] = option('ids of the runs to do now; what others have reached before stays in the table; default: all')
    recipes: dict[str, str] = option(
        'train config of an architecture, as architecture: NAME or FILE; default: one of its name, transfer or train'
    )
    weights: str | None = option("what each training begins with, as of `mien train`; default: the recipe's")
    epochs: int | None = option("budget of each training: epochs at most; default: the recipe's", low=0)
    minutes: float | None = option("budget of each training: minutes at most; default: the recipe's", low=0.01)
    batch_sizes: tuple[int, ...] = option("train with each of these; default: the recipe's", low=1)
    learning_rates: tuple[float, ...] = option("train with each of these; default: the recipe's", low=LEAST_RATE, high=1.0)
    seeds: tuple[int, ...] = option("train with each of these; default: the recipe's", low=0, high=2**32 - 2)
    device: str | None = option("where to train; default: the recipe's", choices=('cpu', 'gpu', 'tpu'))
    test: str | None = option('dataset on whose split all are measured; default: each on its own')
    split: str = option('split that all are measured on: train, validation or test', choices=SPLITS)
    within: float = option(
        'standard errors by which a model may be less accurate than the most accurate one and still be the best', low=0.0
    )
    prefer: tuple[str, ...] = option(f'columns that decide among these, the first one first: {", ".join(PREFERENCES)}', choices=PREFERENCES)
    noise: float = option('share by which two measured times or speeds may differ and still count as equal', low=0.0, high=1.0)
