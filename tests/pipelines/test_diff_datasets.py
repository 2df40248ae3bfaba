"""`mien diff` of two datasets: other photos, other labels and other splits."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from mien.pipelines import cli
from mien.pipelines.diff import Numbers
from tests.diffs import build_into, compared, counts, uris
from tests.snapshots import rows


@pytest.mark.slow
def test_a_photo_in_another_class_folder_is_another_example(classes, dataset, tmp_path, capsys):
    other = Path(shutil.copytree(classes, tmp_path / 'in'))
    (other / 'anger/0003.jpg').rename(other / 'happiness/0020.jpg')
    (other / 'anger/0004.jpg').write_bytes(b'')
    found = compared(dataset, build_into(tmp_path / 'out', other, shards=2), changed=0.04)
    assert counts(found) == {'photos_added': 1, 'photos_removed': 1, 'content': 1, 'status': 1, 'labels_added': 1, 'labels_removed': 2}
    assert uris(found.changes.labels_removed) == ['anger/0003.jpg', 'anger/0004.jpg']
    assert found.rejects == {'empty': Numbers(0, 1)}
    assert found.changed_share == 2 / 40
    assert found.exceeded == ['5.00% of the old photos are gone or changed: more than --max-changed 0.04']
    said = json.loads((tmp_path / 'out/snapshot.json').read_text())['tallies']
    for split in ('train', 'validation', 'test'):
        assert {name: one.new for name, one in found.balance[split].classes.items() if one.new} == said[split]
    assert cli.main(['diff', str(dataset), str(tmp_path / 'out')]) == 0
    out = capsys.readouterr().out
    assert 'dropped for  old  new  change\nempty          0    1      +1\n' in out
    assert out.index('\ntrain') < out.index('\nvalidation') < out.index('\ntest')


def test_other_labels_and_splits_of_the_same_photos(classes, dataset, tmp_path):
    given = {row['uri']: (row['label_name'], row['split']) for row in rows(dataset, 'examples')}
    split = {name: sorted(uri for uri, labelled in given.items() if labelled == ('anger', name)) for name in ('train', 'test')}
    (another, out_of, *_), (into, *_) = split['train'], split['test']
    changes = {another: ('fear', 'train'), out_of: ('anger', 'test'), into: ('anger', 'train')}
    with open(tmp_path / 'labels.csv', 'w', newline='') as file:
        csv.writer(file).writerows([('image', 'label', 'split'), *((uri, *labelled) for uri, labelled in (given | changes).items())])
    found = compared(dataset, build_into(tmp_path / 'out', classes, labels=(str(tmp_path / 'labels.csv'),), split_column='split'))
    assert counts(found) == {'relabelled': 1, 'split': 2}
    assert (uris(found.changes.relabelled), found.changes.relabelled.moves) == ([another], {'anger -> fear': 1})
    assert (uris(found.changes.split), found.changes.split.moves) == (sorted([out_of, into]), {'test -> train': 1, 'train -> test': 1})
    anger, fear = (found.balance['train'].classes[name] for name in ('anger', 'fear'))
    assert (anger.old - anger.new, fear.old, fear.new) == (1, 0, 1)  # two went, one came
    assert found.changed_share == 1 / 40
    assert [line.split(':')[0] for line in found.made] == ['config.shards', 'config.split_column', 'digests.labels.faces']
