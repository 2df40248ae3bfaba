"""What each reason of the rejects means, in one line for a reader of the card."""

from __future__ import annotations

from collections.abc import Mapping

from ..transforms.reasons import Reason

REASON_TEXTS: Mapping[Reason, str] = {
    Reason.NO_FACE: 'no face was found in the photo',
    Reason.MISSING: 'the photo was listed and then gone',
    Reason.UNREADABLE: 'the photo could not be opened: no permission, or no regular file',
    Reason.EMPTY: 'the file has no bytes',
    Reason.NOT_AN_IMAGE: 'the file is of no image format that is read',
    Reason.TRUNCATED: 'the pixels of the photo are incomplete',
    Reason.CORRUPT: 'the header is that of an image, and the rest cannot be decoded',
    Reason.TOO_LARGE: 'the photo has more bytes or pixels than the limit',
    Reason.TIMEOUT: 'decoding or detection took longer than the limit',
    Reason.CRASHED: 'decoding or detection died',
    Reason.UNLABELLED: 'nothing says what the photo or face shows',
    Reason.IMAGE_MISSING: 'the label is about a photo that is not among the inputs',
    Reason.AMBIGUOUS_NAME: 'the label gives a base name that several inputs have',
    Reason.CLAIMED_TWICE: 'labels of two files are about the same photo, and none counts',
    Reason.OTHER_FACE: 'the labels of the photo are about other faces of it',
    Reason.UNKNOWN_LABEL: 'the label is no class that is known',
    Reason.OTHER_CLASS: 'the label is a class that this dataset does not have',
    Reason.DROPPED: 'the label map says that this label makes no example',
    Reason.BAD_VOTES: 'the votes are no counts',
    Reason.FEW_VOTES: 'there are fewer votes than the config wants',
    Reason.NARROW: 'the first class leads the second by less than the config wants',
    Reason.TIE: 'several classes have the most votes',
    Reason.UNKNOWN: 'most annotators could not say what the face shows',
    Reason.NOT_A_FACE: 'most annotators said that it is no face',
    Reason.UNKNOWN_SPLIT: 'the split that the label gives is none, or it gives none',
    Reason.SEVERAL_FACES: 'the photo has several faces and the label does not say which',
    Reason.NO_SUCH_FACE: 'no detected face is the one that the label means',
    Reason.BAD_BOX: 'the box of the label is no x, y, width and height',
    Reason.DUPLICATE_LABEL: 'another label says the same of the same face, and that one counts',
    Reason.CONFLICTING_LABELS: 'labels of the same face contradict each other, and none counts',
    Reason.SMALL: 'quality gate: the face is smaller than the config wants',
    Reason.BLURRED: 'quality gate: the face is less sharp than the config wants',
    Reason.TURNED: 'quality gate: the face is turned to the side by more than the config allows',
    Reason.TILTED: 'quality gate: the face is tilted by more than the config allows',
    Reason.UNSURE: 'quality gate: the detection score is lower than the config wants',
    Reason.SUBJECT_CROSSES: 'the person is in several splits, and stays in another one',
    Reason.GROUP_CROSSES: 'the same picture is in several splits, and stays in another one',
    Reason.PHOTO_CROSSES: 'the photo is a face in one collection and shows faces in another, in several splits, and stays in another one',
    Reason.DUPLICATE: 'the same picture is in train already',
    Reason.CLASS_IS_FULL: 'the class has as many training examples as it may',
}
