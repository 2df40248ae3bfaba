"""What people write for faces that are cropped already: decode, stack 256, run the model once, append to a list.

python -m benchmarks.batch_loop FOLDER MODEL.tflite CROP_SIZE
"""

import glob
import sys

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

BATCH = 256


def main(folder: str, model: str, size: int) -> list[tuple[str, int, float]]:
    cv2.setNumThreads(1)
    paths, found = sorted(glob.glob(f'{folder}/*.png')), []
    interpreter = Interpreter(model, num_threads=1)
    given, asked = interpreter.get_input_details()[0]['index'], interpreter.get_output_details()[0]['index']
    for start in range(0, len(paths), BATCH):
        batch = paths[start : start + BATCH]
        faces = np.stack([cv2.resize(cv2.imread(path, cv2.IMREAD_GRAYSCALE), (size, size)) for path in batch])[..., None]
        interpreter.resize_tensor_input(given, faces.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given, faces)
        interpreter.invoke()
        scores = interpreter.get_tensor(asked)
        found += zip(batch, scores.argmax(1).tolist(), scores.max(1).tolist(), strict=True)
    return found


if __name__ == '__main__':
    print(len(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))), 'faces')
