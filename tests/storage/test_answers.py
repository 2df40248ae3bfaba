"""What each answer of a store becomes, by the codes of Amazon S3's list of error responses."""

import errno
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mien.configs.errors import UsageError
from mien.storage import objects, patience
from mien.storage import stores as clients
from mien.storage.check import check
from mien.storage.path import StorePath, located
from tests.storage.servers import KEYS, NOWHERE

PATH = 's3://bucket/photo.jpg'


class _Answers(BaseHTTPRequestHandler):
    """Gives the answers in a row, the last one for ever; a HEAD has no body."""

    answers: tuple[tuple[int, str], ...] = ()
    asked = 0

    def answer(self):
        self.rfile.read(int(self.headers.get('Content-Length') or 0))
        status, code = self.answers[min(type(self).asked, len(self.answers) - 1)]
        type(self).asked += 1
        body = f'<Error><Code>{code}</Code><Message>m</Message></Error>'.encode() if status >= 300 else code.encode() or b'bytes'
        self.send_response(status)
        for name, value in (('Content-Length', len(body)), ('ETag', '"e"'), ('Last-Modified', 'Wed, 25 Nov 2026 22:00:00 GMT')):
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = answer  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def answering(monkeypatch):
    """Has a server give answers; outages are waited out for a moment."""
    servers = []
    for name in ('AWS_PROFILE', 'AWS_ENDPOINT_URL_S3'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(patience, 'PATIENCE', 0.3)
    monkeypatch.setitem(clients.RETRIES, 'max_retries', 0)
    clients._store.cache_clear()

    def begin(*answers):
        handler = type('Handler', (_Answers,), {'answers': answers, 'asked': 0})
        server = ThreadingHTTPServer(('127.0.0.1', 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        where = {'AWS_ENDPOINT_URL': f'http://127.0.0.1:{server.server_port}', 'AWS_METADATA_ENDPOINT': NOWHERE}
        for name, value in (KEYS | where).items():
            monkeypatch.setenv(name, value)
        return handler

    yield begin
    clients._store.cache_clear()
    for server in servers:
        server.shutdown()
        server.server_close()


ONE_OBJECT = [(404, 'NoSuchKey', errno.ENOENT), (403, 'AccessDenied', errno.EACCES), (403, 'InvalidObjectState', errno.EACCES)]
SURROUNDINGS = [
    (404, 'NoSuchBucket'),
    (403, 'InvalidAccessKeyId'),
    (403, 'SignatureDoesNotMatch'),
    (403, 'RequestTimeTooSkewed'),
    (400, 'ExpiredToken'),
    (401, 'Unauthorized'),
    (301, 'PermanentRedirect'),
    (429, 'SlowDown'),
    (500, 'InternalError'),
    (503, 'SlowDown'),
]


@pytest.mark.parametrize(('status', 'code', 'number'), [*ONE_OBJECT, *((*answer, errno.ETIMEDOUT) for answer in SURROUNDINGS)])
@pytest.mark.parametrize('act', [StorePath.read_bytes, StorePath.stat, StorePath.open])
def test_an_answer_is_of_one_object_or_of_the_surroundings(answering, act, status, code, number):
    answering((status, code))
    with pytest.raises(OSError, match=r'\[Errno \d+\] [A-Z][a-z ]+: \'s3://bucket/photo.jpg\'') as raised:
        act(located(PATH))
    assert (raised.value.errno, raised.value.filename) == (number, PATH)


def test_a_body_that_came_too_slowly_is_sent_again(answering, monkeypatch):
    monkeypatch.setattr(patience, 'PATIENCE', 5.0)
    handler = answering((400, 'RequestTimeout'), (200, ''))
    assert located(PATH).write_bytes(b'1') == 1
    assert handler.asked == 2


@pytest.mark.parametrize(('code', 'number', 'again'), [('AccessDenied', errno.EACCES, False), ('InternalError', errno.ETIMEDOUT, True)])
def test_one_of_many_that_may_not_be_deleted_is_said_at_once(answering, code, number, again):
    refused = f'<DeleteResult><Error><Key>photo.jpg</Key><Code>{code}</Code><Message>m</Message></Error></DeleteResult>'
    handler = answering((200, refused))
    with pytest.raises(OSError, match=r'photo\.jpg') as raised:
        objects.delete('s3', 'bucket', ['photo.jpg'])
    assert raised.value.errno == number
    assert (handler.asked > 1) == again


@pytest.mark.parametrize('answer', [(503, 'SlowDown'), (500, 'InternalError'), (429, 'SlowDown')])
def test_a_busy_store_is_asked_again(answering, monkeypatch, answer):
    handler = answering(answer, answer, (200, ''))
    monkeypatch.setattr(patience, 'PATIENCE', 5.0)
    assert located(PATH).read_bytes() == b'bytes'
    assert handler.asked == 3


def test_a_refusal_is_not_asked_again(answering):
    handler = answering((400, 'ExpiredToken'))
    with pytest.raises(OSError, match='Errno 110'):
        located(PATH).read_bytes()
    assert handler.asked == 1


def test_a_conflict_with_another_writer_is_asked_again(answering):
    handler = answering((409, 'ConditionalRequestConflict'), (412, 'PreconditionFailed'), (200, ''))
    with pytest.raises(FileExistsError):
        objects.create(located(PATH), b'other')
    assert handler.asked == 3


def test_an_answer_that_was_lost_was_ours_where_the_bytes_are(answering):
    """The first try was written, then answered by 500: the second is refused, and what is there is what we wrote."""
    answering((500, 'InternalError'), (412, 'PreconditionFailed'), (200, ''))
    assert objects.create(located(PATH), b'bytes') == '"e"'
    answering((500, 'InternalError'), (412, 'PreconditionFailed'), (200, ''))
    with pytest.raises(FileExistsError):
        objects.create(located(PATH), b'others')
    answering((412, 'PreconditionFailed'), (200, ''))
    with pytest.raises(FileExistsError):
        objects.create(located(PATH), b'bytes')


CHECKED = {
    (404, 'NoSuchBucket'): 'there is no such bucket',
    (403, 'AccessDenied'): 'access is denied; have these credentials granted',
    (403, 'InvalidAccessKeyId'): 'correct AWS_ACCESS_KEY_ID',
    (403, 'SignatureDoesNotMatch'): 'correct AWS_SECRET_ACCESS_KEY',
    (400, 'ExpiredToken'): 'have expired; renew them',
    (403, 'RequestTimeTooSkewed'): 'clock is wrong',
    (400, 'AuthorizationHeaderMalformed</Code><Region>eu-west-9</Region><Code>'): 'set AWS_REGION=eu-west-9',
    (403, 'Unheard'): r'access is denied \(Unheard\); check the credentials',
    (400, 'Unheard'): r'the store refuses \(Unheard\); check the bucket',
}


@pytest.mark.parametrize('answer', CHECKED)
def test_what_is_wrong_is_said_in_one_line_at_the_start(answering, answer):
    answering(answer)
    with pytest.raises(UsageError, match=CHECKED[answer]) as raised:
        check('s3://bucket/folder')
    assert str(raised.value).startswith('s3://bucket/folder: ')
    assert '\n' not in str(raised.value)


def test_a_store_that_is_not_there(answering, monkeypatch):
    answering((200, ''))
    monkeypatch.setenv('AWS_ENDPOINT_URL', NOWHERE)
    monkeypatch.setattr('mien.storage.check.PATIENCE', 0.1)
    with pytest.raises(
        UsageError, match=rf'cannot be reached at {NOWHERE}; check the connection and AWS_ENDPOINT_URL \(Connection refused\)'
    ):
        check('s3://bucket/folder')


def test_no_credentials(answering, monkeypatch, tmp_path):
    """Neither keys nor a profile, and no instance to ask; then a profile."""
    answering((200, ''))
    for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'):
        monkeypatch.delenv(name)
    monkeypatch.setenv('AWS_EC2_METADATA_DISABLED', 'true')
    for name in ('CONFIG_FILE', 'SHARED_CREDENTIALS_FILE'):
        monkeypatch.setenv(f'AWS_{name}', str(tmp_path / 'credentials'))
    with pytest.raises(UsageError, match='no AWS credentials: set AWS_ACCESS_KEY_ID'):
        check('s3://bucket/folder')
    (tmp_path / 'credentials').write_text('[default]\naws_access_key_id = key\naws_secret_access_key = secret\n')
    assert located(PATH).read_bytes() == b'bytes'


def test_a_profile_without_boto3(answering, monkeypatch):
    answering((200, ''))
    monkeypatch.delenv('AWS_ACCESS_KEY_ID')
    monkeypatch.setenv('AWS_PROFILE', 'work')
    monkeypatch.setattr(clients, 'find_spec', lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'mien\[aws\]'"):
        check('s3://bucket/folder')


def test_no_instance_to_ask_without_boto3(answering, monkeypatch, tmp_path):
    answering((200, ''))
    for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'):
        monkeypatch.delenv(name)
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.setattr(clients, 'find_spec', lambda name: None)
    monkeypatch.setattr('mien.storage.check.PATIENCE', 0.1)
    with pytest.raises(UsageError, match=r"no credentials: set AWS_ACCESS_KEY_ID .* pip install 'mien\[aws\]' for profiles"):
        check('s3://bucket/folder')


def test_half_of_the_keys(answering, monkeypatch):
    answering((200, ''))
    monkeypatch.delenv('AWS_SECRET_ACCESS_KEY')
    with pytest.raises(UsageError, match=r's3://bucket: the environment does not lead there \(.*SecretAccessKey\)'):
        check('s3://bucket/folder')


def test_the_endpoint_of_the_store_goes_first(answering, monkeypatch):
    answering((200, ''))
    monkeypatch.setenv('AWS_ENDPOINT_URL_S3', clients.endpoint('s3'))
    monkeypatch.setenv('AWS_ENDPOINT_URL', NOWHERE)
    assert located(PATH).read_bytes() == b'bytes'
