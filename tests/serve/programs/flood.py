"""Deploys many tasks at once over kept connections: `flood.py URL CLIENT COUNT`. Prints when it began and ended."""

import asyncio
import os
import sys
import time

from flyteidl2.task.task_definition_pb2 import TaskIdentifier, TaskSpec
from flyteidl2.task.task_service_connect import TaskServiceClient
from flyteidl2.task.task_service_pb2 import DeployTaskRequest

url, client, count = sys.argv[1], sys.argv[2], int(sys.argv[3])


def make(number: int) -> DeployTaskRequest:
    name = f"flood.task-{client}-{number}"
    task_id = TaskIdentifier(org="site", project="flytesnacks", domain="development", name=name, version="v1")
    spec = TaskSpec(short_name=name, task_template={"type": "python", "container": {"image": f"img:{number}"}})
    return DeployTaskRequest(task_id=task_id, spec=spec)


async def main() -> None:
    service = TaskServiceClient(url)
    requests = [make(number) for number in range(count)]
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.time()
    await asyncio.gather(*(service.deploy_task(request) for request in requests))
    print(began, time.time(), flush=True)
    # The client library's threads abort the process now and then when the interpreter ends with many connections open.
    os._exit(0)


asyncio.run(main())
