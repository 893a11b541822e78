"""Creates a trigger of a deployed task with the SDK: `create_trigger.py CONFIG TASK NAME`."""

import sys

import flyte
from flyte import remote

config, task, name = sys.argv[1:]
flyte.init_from_config(config)
created = remote.Trigger.create(flyte.Trigger(name=name, automation=flyte.Cron("5 4 * * *"), inputs={"limit": 2}), task)
print(created.name, created.id.revision, created.is_active)
