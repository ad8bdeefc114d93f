# SPDX-License-Identifier: MIT
# shellcheck shell=dash disable=SC1091,SC2034,SC2154
# One case in a fresh shell: case.sh FILE FUNCTION, in the case's own directory.
. /lab/verbs.sh
# shellcheck source=/dev/null
. "$1"
"$2"
