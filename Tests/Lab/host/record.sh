# shellcheck shell=bash disable=SC2034,SC2153,SC2154  # names shared between the parts of the lab
