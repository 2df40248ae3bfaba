"""The part of Google's XML API that our client speaks, put to an emulator that has the JSON API alone: paths and headers, no behaviour.

What an object is, its generations and their conditions, and what a listing holds is the emulator's.
Source: Cloud Storage documentation, "XML API overview" and "JSON API: Objects".
"""

from __future__ import annotations

import json
import threading
import uuid
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit
from urllib.request import Request, urlopen
from xml.sax.saxutils import escape

NO_BUCKET = b'<Error><Code>NoSuchBucket</Code></Error>'
JSON = {'Content-Type': 'application/json'}


class GoogleFront:
    """A server on a port that hands all on to the emulator."""

    def __init__(self, port: int, behind: str) -> None:
        self._behind = behind
        self.parts: dict[str, dict[int, bytes]] = {}  # of uploads that are not complete
        self._server = ThreadingHTTPServer(('127.0.0.1', port), type('Handler', (_Handler,), {'front': self}))

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def ask(
        self, method: str, path: str, query: dict[str, str] | None = None, body: bytes | None = None, headers: dict[str, str] | None = None
    ):
        """The emulator's answer as status, headers and bytes."""
        asked = Request(f'{self._behind}{path}?{urlencode(query or {})}', data=body, method=method, headers=headers or {})
        try:
            with urlopen(asked) as answer:
                return answer.status, answer.headers, answer.read()
        except HTTPError as error:
            return error.code, error.headers, error.read()
        except URLError:
            return 503, {}, b''

    def make_bucket(self, name: str) -> None:
        self.ask('POST', '/storage/v1/b', {'project': 'tests'}, json.dumps({'name': name}).encode(), JSON)

    def put(self, bucket: str, key: str, data: bytes, generation: str | None):
        query = {'uploadType': 'media', 'name': key} | ({'ifGenerationMatch': generation} if generation is not None else {})
        return self.ask('POST', f'/upload/storage/v1/b/{bucket}/o', query, data, {'Content-Type': 'application/octet-stream'})

    def copy(self, bucket: str, source: str, target: str):
        place, there = (f'/b/{bucket}/o/{quote(key, safe="")}' for key in (source, target))
        return self.ask('POST', f'/storage/v1{place}/rewriteTo{there}', body=b'{}', headers=JSON)

    def has(self, bucket: str) -> bool:
        return self.ask('GET', f'/storage/v1/b/{bucket}')[0] == 200

    def about(self, bucket: str, key: str):
        status, _, body = self.ask('GET', f'/storage/v1/b/{bucket}/o/{quote(key, safe="")}')
        return json.loads(body) if status == 200 else None


class _Handler(BaseHTTPRequestHandler):
    front: GoogleFront

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        bucket, key, query = self._place()
        if not key:
            self._list(bucket, query)
            return
        about = self.front.about(bucket, key)
        wanted = self.headers.get('If-Match')
        if about and wanted and wanted != _etag(about):
            self._say(412, b'<Error><Code>PreconditionFailed</Code></Error>')
            return
        headers = {'Range': self.headers['Range']} if 'Range' in self.headers else {}
        status, found, body = self.front.ask('GET', f'/download/storage/v1/b/{bucket}/o/{quote(key, safe="")}', headers=headers)
        passed = {name: found[name] for name in ('Content-Range',) if name in found}
        if status == 404 and not self.front.has(bucket):
            body = NO_BUCKET
        self._say(status, body, passed | (_said(about) if about else {}))

    do_HEAD = do_GET  # noqa: N815

    def do_PUT(self) -> None:
        bucket, key, query = self._place()
        data = self._body()
        if 'uploadId' in query:
            self.front.parts[query['uploadId']][int(query['partNumber'])] = data
            self._say(200, b'', {'ETag': f'"{query["partNumber"]}"'})
            return
        source = self.headers.get('x-goog-copy-source')
        if source is not None:
            status, _, body = self.front.copy(bucket, unquote(source).strip('/').partition('/')[2], key)
        else:
            status, _, body = self.front.put(bucket, key, data, self.headers.get('x-goog-if-generation-match'))
        self._written(bucket, key, status, body)

    def do_POST(self) -> None:
        bucket, key, query = self._place()
        self._body()
        if 'uploads' in query:
            upload = uuid.uuid4().hex
            self.front.parts[upload] = {}
            self._say(200, _element('InitiateMultipartUploadResult', _element('UploadId', upload)))
            return
        data = b''.join(part for _, part in sorted(self.front.parts.pop(query['uploadId']).items()))
        status, _, body = self.front.put(bucket, key, data, None)
        etag = _element('ETag', escape(_etag(self.front.about(bucket, key)))).decode()
        self._say(status, body if status >= 300 else _element('CompleteMultipartUploadResult', etag))

    def do_DELETE(self) -> None:
        bucket, key, _ = self._place()
        status, _, body = self.front.ask('DELETE', f'/storage/v1/b/{bucket}/o/{quote(key, safe="")}')
        self._say(204 if status < 300 else status, b'' if status < 300 else body)

    def _list(self, bucket: str, query: dict[str, str]) -> None:
        """A page; `start-after` leaves its own key out, `startOffset` does not."""
        names = {'prefix': 'prefix', 'delimiter': 'delimiter', 'continuation-token': 'pageToken', 'max-keys': 'maxResults'}
        asked = {names[name]: value for name, value in query.items() if name in names}
        after = query.get('start-after')
        asked |= {'startOffset': f'{after}\x00'} if after and 'pageToken' not in asked else {}
        status, _, body = self.front.ask('GET', f'/storage/v1/b/{bucket}/o', {'maxResults': '1000'} | asked)
        if status != 200:
            self._say(status, NO_BUCKET)
            return
        self._say(200, _listed(json.loads(body)).encode(), {'Content-Type': 'application/xml'})

    def _written(self, bucket: str, key: str, status: int, body: bytes) -> None:
        if status < 300:
            self._say(status, b'', _said(self.front.about(bucket, key)))
        else:
            self._say(status, body if self.front.has(bucket) else NO_BUCKET)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get('Content-Length') or 0))

    def _place(self) -> tuple[str, str, dict[str, str]]:
        parts = urlsplit(self.path)
        bucket, _, key = parts.path.lstrip('/').partition('/')
        return bucket, unquote(key), {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}

    def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), 'Content-Length': str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)


def _element(name: str, content: str) -> bytes:
    return f'<{name}>{content}</{name}>'.encode()


def _etag(about) -> str:
    return f'"{about["etag"].strip(chr(34))}"'


def _said(about) -> dict[str, str]:
    if not about:
        return {}
    updated = datetime.fromisoformat(about['updated'])
    return {'ETag': _etag(about), 'x-goog-generation': about['generation'], 'Last-Modified': format_datetime(updated, usegmt=True)}


def _listed(page) -> str:
    objects = ''.join(
        f'<Contents><Key>{escape(about["name"])}</Key><Generation>{about["generation"]}</Generation><LastModified>{about["updated"]}</LastModified>'
        f'<ETag>{escape(_etag(about))}</ETag><Size>{about["size"]}</Size></Contents>'
        for about in page.get('items', ())
    )
    folders = ''.join(f'<CommonPrefixes><Prefix>{escape(prefix)}</Prefix></CommonPrefixes>' for prefix in page.get('prefixes', ()))
    token = page.get('nextPageToken')
    more = f'<NextContinuationToken>{escape(token)}</NextContinuationToken>' if token else ''
    return f'<ListBucketResult>{objects}{folders}<IsTruncated>{str(bool(token)).lower()}</IsTruncated>{more}</ListBucketResult>'
