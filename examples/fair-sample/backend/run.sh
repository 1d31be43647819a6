#!/bin/bash
# start the registry for development, from this folder
source venv/bin/activate
set -a
source ./.env
set +a
export PYTHONPATH=$(pwd)/..
flask run --port 5000
