#!/bin/sh
# Made by shipway, shim 1. What it runs is in shipway.toml; `shipway hooks uninstall` takes it
# away and puts back the hook that was here. Edits are not kept.
hook=@HOOK@
pinned=@PINNED@
before=${0%/*}/$hook.before-shipway

shipway=shipway
command -v shipway >/dev/null || shipway=$pinned

# Asks whether git calls this file at all; nothing is checked and nothing goes on.
if [ -n "$SHIPWAY_SELF_TEST" ]; then
    { command -v "$shipway" || echo "$shipway"; } >"$SHIPWAY_SELF_TEST"
    exit 1
fi

# What git says on standard input is for both.
input=
case $hook in pre-push | post-rewrite) input=$(cat) ;; esac
feed() { if [ -n "$input" ]; then printf '%s\n' "$input"; fi; }

if [ -x "$before" ]; then
    case $hook in
    pre-push | post-rewrite) feed | "$before" "$@" || exit ;;
    *) "$before" "$@" || exit ;;
    esac
fi

if [ "$shipway" = "$pinned" ] && [ ! -x "$pinned" ]; then
    echo "shipway: not on PATH and not at $pinned, so nothing was checked at $hook" >&2
    echo "mend: install shipway again, or delete $0; once, without: --no-verify" >&2
    case $hook in post-*) exit 0 ;; *) exit 97 ;; esac
fi
case $hook in
pre-push | post-rewrite) feed | "$shipway" hooks run "$hook" -- "$@" ;;
*) exec "$shipway" hooks run "$hook" -- "$@" ;;
esac
