"""Says of each file that is named on standard input whether it parses; used by parser.rs.

In: a line of JSON, [path, name whose format it has]. Out: null or the error, as a line of JSON.
None of the parsers is one that shipway has.
"""

import ast
import json
import pathlib
import re
import subprocess
import sys
import tomllib

from ruamel.yaml import YAML

STRING_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
LAST_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[\]}])')


def kept(match):
    return match.group(1) or ""


def unique(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError(f"a key is there twice: {names}")
    return dict(pairs)


def told(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(done.stdout + done.stderr)


def dockerfile(path):
    done = subprocess.run(
        ["hadolint", "--no-color", path], capture_output=True, text=True
    )
    wrong = [
        line
        for line in (done.stdout + done.stderr).splitlines()
        if "DL1000" in line or "unexpected" in line
    ]
    if wrong:
        raise ValueError("\n".join(wrong))


def parse(path, name):
    text = pathlib.Path(path).read_bytes().decode()
    suffix = pathlib.PurePath(name).suffix
    if name.endswith("Makefile"):
        told("make", "-n", "-f", path, "--eval", "shipway_parses:", "shipway_parses")
    elif re.fullmatch(r"Dockerfile(\.\w+)?", pathlib.PurePath(name).name):
        dockerfile(path)
    elif suffix in (".yaml", ".yml"):
        yaml = YAML()
        yaml.load(text)
    elif suffix == ".json":
        json.loads(
            LAST_COMMA.sub(kept, STRING_OR_COMMENT.sub(kept, text)),
            object_pairs_hook=unique,
        )
    elif suffix == ".toml" or name == "shipway.lock":
        tomllib.loads(text.replace("\r\n", "\n"))
    elif suffix == ".py":
        ast.parse(text)
    elif suffix == ".sh" or text.startswith("#!/bin/sh"):
        told("sh", "-n", path)


for line in sys.stdin:
    wrong = None
    try:
        parse(*json.loads(line))
    except Exception as error:
        wrong = f"{type(error).__name__}: {error}"
    print(json.dumps(wrong), flush=True)
