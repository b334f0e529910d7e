"""Answers one request, see __init__.py."""

import json
import sys

from . import answer

json.dump(answer(json.loads(sys.argv[1])), sys.stdout)
sys.stdout.write("\n")
