"""What people write today, in one file: read, detect, align, classify, append to a list.

    python -m benchmarks.bare_loop FOLDER MODEL.tflite WORKING_SIZE CROP_SIZE

One thread, no status for what fails, nothing written: the floor that `mien label` is measured against.
"""

import glob
import sys

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from mien.transforms.yunet import weights_path

TEMPLATE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])


def main(folder: str, model: str, working_size: int, crop_size: int) -> list[tuple[str, int, float]]:
    cv2.setNumThreads(1)
    detector = cv2.FaceDetectorYN.create(str(weights_path()), '', (320, 320), 0.7, 0.3, 5000)
    interpreter = Interpreter(model, num_threads=1)
    interpreter.allocate_tensors()
    given, asked = interpreter.get_input_details()[0]['index'], interpreter.get_output_details()[0]['index']
    found = []
    for path in sorted(glob.glob(f'{folder}/*.jpg')):
        image = cv2.imread(path)
        scale = min(1.0, working_size / max(image.shape[:2]))
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
        detector.setInputSize((small.shape[1], small.shape[0]))
        _, faces = detector.detect(small)
        for face in [] if faces is None else faces:
            matrix, _ = cv2.estimateAffinePartial2D(face[4:14].reshape(5, 2) / scale, TEMPLATE * crop_size / 112, method=cv2.LMEDS)
            crop = cv2.cvtColor(cv2.warpAffine(image, matrix, (crop_size, crop_size)), cv2.COLOR_BGR2GRAY)
            interpreter.set_tensor(given, crop[None, :, :, None])
            interpreter.invoke()
            scores = interpreter.get_tensor(asked)[0]
            found.append((path, int(scores.argmax()), float(scores.max())))
    return found


if __name__ == '__main__':
    print(len(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))), 'faces')
