"""The command `winnow`: a thin shell over the pipeline; the commands themselves stand in `commands/`."""

from __future__ import annotations

import click

from commands import backup, demo, drift, grant, pause, pool, read, replies, runs, setup, stages
from commands.options import Group
from commands.verify import verify


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="winnow", message="winnow %(version)s")
def main() -> None:
    """Pull outbound sales data into one warehouse, and learn what converts.

    \b
    Example:
      winnow demo                 see it work on a simulated agency
      winnow init                 write winnow.yml and profiles.yml
      winnow doctor               check them, the accounts and the warehouse
      winnow run                  the night's work, for cron
    """


for _command in (
    setup.init,
    setup.doctor,
    demo.demo,
    stages.run,
    stages.load,
    stages.build,
    stages.score,
    stages.answer,
    stages.learn,
    stages.publish,
    stages.act,
    stages.detect,
    verify,
    drift.drift,
    pause.pause,
    pause.resume,
    grant.grant,
    grant.revoke,
    read.status,
    runs.runs,
    backup.backup,
    backup.restore,
    read.leads,
    read.lead,
    replies.replies,
    read.export,
    pool.pool,
    pool.list_,
):
    main.add_command(_command)

if __name__ == "__main__":
    main()
