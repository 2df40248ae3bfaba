"""What a peer's README says to do, for each photo of a folder; runs in the peer's own environment, see `peers`.

python benchmarks/peer_loop.py fer|fer-mtcnn|deepface|deepface-random FOLDER ANSWER

Writes to the file ANSWER in how many photos it found a face.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path


def fer(mtcnn: bool = False) -> Callable[[str], bool]:
    import cv2
    from fer.fer import FER  # the README's `from fer import FER` is from before 25.10

    detector = FER(mtcnn=mtcnn)
    return lambda path: bool(detector.detect_emotions(cv2.imread(path)))


def deepface() -> Callable[[str], bool]:
    os.environ.setdefault('DEEPFACE_HOME', sys.prefix)  # where it keeps weights that it fetched
    from deepface import DeepFace

    def analyze(path: str) -> bool:
        faces = DeepFace.analyze(img_path=path, actions=['emotion'], enforce_detection=False, detector_backend='opencv')
        return any(face['face_confidence'] > 0 for face in faces)  # 0: it took the whole photo for want of a face

    return analyze


def deepface_random() -> Callable[[str], bool]:
    """The same with the classifier's weights at random, where the real ones cannot be had: as fast, and of no use."""
    import peer_graph

    os.environ['DEEPFACE_HOME'] = tempfile.mkdtemp()
    weights = Path(os.environ['DEEPFACE_HOME'], '.deepface', 'weights')
    weights.mkdir(parents=True)
    peer_graph.write(weights / 'facial_expression_model_weights.onnx')
    return deepface()


TOOLS = {'fer': fer, 'fer-mtcnn': lambda: fer(mtcnn=True), 'deepface': deepface, 'deepface-random': deepface_random}


def main(tool: str, folder: str, answer: str) -> None:
    has_face = TOOLS[tool]()
    found = sum(has_face(str(path)) for path in sorted(Path(folder).glob('*.jpg')))
    Path(answer).write_text(str(found))


if __name__ == '__main__':
    main(*sys.argv[1:])
