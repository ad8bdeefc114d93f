# One case in a fresh shell: case.sh FILE FUNCTION, in the case's own directory.
. /lab/verbs.sh
. "$1"
"$2"
