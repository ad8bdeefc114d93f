# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154
# Runs one case in a new shell, in the case's own directory: case.sh FILE FUNCTION.
. /lab/verbs.sh
# shellcheck source=/dev/null
. "$1"
"$2"
