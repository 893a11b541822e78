"""The `taskstore` command: people and scripts in front, the library behind.

    main.py     the table of commands, and the one place where errors become exit codes
    group.py    a group that loads a command when it is run
    options.py  what every command takes: the store, the output format; and project and domain
    address.py  which task is meant
    complete.py  completing the address of a task
    collect.py  which manifests are meant
    answer.py   what a command answers, whatever the format
    plain.py    values as JSON has them
    output.py   an answer as JSON, YAML, CSV or tables
    table.py    tables, for a terminal and for a pipe
    fit.py      how wide the columns of a table are
    printable.py  text that is safe to show
    errors.py   errors in words, as JSON, and as exit codes
    commands/   one file a command

`--version`, `--help` and completion must be quick: nothing here imports the store, DuckDB or rich where it is loaded;
a command imports them where it uses them.
"""
