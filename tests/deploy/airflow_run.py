"""Runs in .engines/airflow-venv: loads the DAG with Airflow's own loader, and runs it for some nights; prints what came of it as JSON.

Arguments: the folder of DAGs, and for each night its time in ISO 8601.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime

from airflow.dag_processing.dagbag import DagBag


def main(folder: str, *times: str) -> None:
    bag = DagBag(folder)
    dags = {name: described(dag) for name, dag in bag.dags.items()}
    runs = [states(bag.dags['mien_nightly'].test(run_after=datetime.fromisoformat(time))) for time in times]
    print(json.dumps({'errors': {str(name): str(error) for name, error in bag.import_errors.items()}, 'dags': dags, 'runs': runs}))


def described(dag: object) -> dict[str, object]:
    tasks = {one.task_id: sorted(one.downstream_task_ids) for one in dag.tasks}
    return {'tasks': tasks, 'retries': {one.task_id: one.retries for one in dag.tasks}, 'max_active_runs': dag.max_active_runs}


def states(run: object) -> dict[str, str]:
    return {'run': str(run.state)} | {one.task_id: str(one.state) for one in run.get_task_instances()}


if __name__ == '__main__':
    main(*sys.argv[1:])
