"""The process that meets hostile pixels: takes one photo after the other, answers with facts, faces and crops, and may die of any.

    python -m mien.transforms.child ALIVE AT PHOTO...

Standard input says how to extract, then a JSON line for each few photos, whose bytes lie in the memory files PHOTO. Standard output answers
with a JSON line a photo and the crops' bytes behind it, when all of them are done; until then AT says which one is in hand. Standard error
is a file that the parent reads when this process has died. When ALIVE ends, the parent is gone, and so is this process. Neither Beam nor a
model is imported: there is little here for who breaks a decoder.
"""

from __future__ import annotations

import math
import os
import resource
import sys
import threading
import time
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import orjson

from ..configs.schema import Crop
from .detect import FaceDetector
from .extract import Extracted, Extraction, extract, faceless
from .formats.jpeg import without_strays
from .memory_file import read_all, write_all
from .records import READ, Face, Status

OUT_OF_MEMORY = 86  # exit status
LARGE = 16 << 20  # bytes from which on a photo is not left in the memory file
# What is said on standard error and nowhere else: by libjpeg; and by OpenCV and libraries that have no memory, also as std::bad_alloc.
CUT_SHORT = (b'Premature end of JPEG', b'premature end of data segment')
FIRST_WARNING = b'Corrupt JPEG data'  # libjpeg says the first one alone
TIFF_ERROR = b'TIFF_Error'  # of pixels that OpenCV leaves black
NO_MEMORY = (b'Insufficient memory', b'No space for', b'ut of memory', b'unknown exception')
PAGE = resource.getpagesize()


def main(alive: int, at: int, *photos: int) -> None:
    """Serves until standard input ends."""
    threading.Thread(target=_die_with_parent, args=(alive,), daemon=True).start()
    with os.fdopen(os.dup(0), 'rb') as questions, os.fdopen(os.dup(1), 'wb') as answers:
        os.dup2(2, 1)  # whatever else writes to standard output must not answer
        said = orjson.loads(questions.readline())
        how = Extraction(**said['how'] | {'crop': Crop(**said['how']['crop'])})
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        detector = FaceDetector(how.smallest_face, how.min_score)
        _limit_memory(said['max_memory'])
        limit = 0
        for question in questions:
            answer = []
            for number, asked in enumerate(orjson.loads(question)):
                limit = _limit_time(said['max_seconds'], limit)
                write_all(at, bytes([number]))
                extracted = _answer(asked, photos[number], how, detector)
                answer += [to_line(extracted), extracted.crops.tobytes()]
            answers.write(b''.join(answer))
            answers.flush()


def to_line(extracted: Extracted) -> bytes:
    """Everything of a photo but the crops' bytes, as a line of JSON."""
    faces = [vars(face) for face in extracted.faces]
    said = {'facts': vars(extracted.facts), 'faces': faces, 'shape': extracted.crops.shape}
    return orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE)


def to_face(said: dict[str, Any]) -> Face:
    """A face as it came through JSON."""
    return Face(**said | {'box': tuple(said['box']), 'landmarks': said['landmarks'] and tuple(said['landmarks'])})


def _answer(asked: dict[str, Any], photo: int, how: Extraction, detector: FaceDetector) -> Extracted:
    content = read_all(photo, asked['length'])
    if len(content) > LARGE:
        os.ftruncate(photo, 0)
    known = None if asked['known'] is None else tuple(map(to_face, asked['known']))
    try:
        return _reconsidered(extract(content, replace(how, whole_image=asked['whole']), detector, known), content)
    except BaseException as error:
        if _is_out_of_memory(error):
            os._exit(OUT_OF_MEMORY)
        raise


def _is_out_of_memory(error: BaseException) -> bool:
    """Python, OpenCV and ONNX Runtime each have their own way to say so."""
    no_memory = isinstance(error, cv2.error) and error.code == cv2.Error.StsNoMem
    return no_memory or isinstance(error, MemoryError) or 'alloc' in str(error).lower()


def _reconsidered(extracted: Extracted, content: bytes) -> Extracted:
    """What standard error says beyond: a JPEG that was cut and closed again decodes to grey, damaged strips of a TIFF decode to black; a
    decoder without memory only fails.

    Raises:
        MemoryError: see there.
    """
    said = _said()
    if extracted.facts.status is Status.CORRUPT and any(line in said for line in NO_MEMORY):
        raise MemoryError
    if extracted.facts.status not in READ:
        return extracted
    if TIFF_ERROR in said:
        return _failed(extracted, Status.CORRUPT, 'some of its pixels cannot be decoded')
    if any(line in said for line in CUT_SHORT) or (FIRST_WARNING in said and _is_cut_short(content)):
        return _failed(extracted, Status.TRUNCATED, 'its pixels end before the image does')
    return extracted


def _failed(extracted: Extracted, status: Status, detail: str) -> Extracted:
    return faceless(replace(extracted.facts, status=status, detail=detail, dhash=None))


def _is_cut_short(content: bytes) -> bool:
    """Whether the pixels of a JPEG end too early, of which stray bytes before them kept libjpeg from warning."""
    cv2.imdecode(np.frombuffer(without_strays(content), np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    said = _said()
    return any(line in said for line in CUT_SHORT)


def _said() -> bytes:
    """What was written to standard error for this photo."""
    size = os.fstat(2).st_size
    if not size:
        return b''
    said = os.pread(2, min(size, LARGE), 0)
    os.ftruncate(2, 0)
    return said


def _limit_memory(more: int) -> None:
    """Lets this process grow by so many bytes beyond what it has now."""
    with open('/proc/self/statm') as file:
        now = int(file.read().split()[0]) * PAGE
    _limit(resource.RLIMIT_AS, now + more)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(seconds: float, before: int) -> int:
    """Ends this process by SIGXCPU after so many more seconds of processor time, rounded up; gives the limit, as it was set before."""
    limit = math.ceil(time.process_time() + seconds)
    if limit != before:
        _limit(resource.RLIMIT_CPU, limit)
    return limit


def _limit(what: int, most: int) -> None:
    """Sets a soft limit; a hard one that somebody set stays, and nothing may be above it."""
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _die_with_parent(alive: int) -> None:
    """Waits for the pipe to end; the kernel closes it however the parent went."""
    os.read(alive, 1)
    os._exit(0)


if __name__ == '__main__':
    main(*map(int, sys.argv[1:]))
