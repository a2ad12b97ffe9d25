#!/bin/sh
# Seven habits of a command that is fit for scripts, on real shares: $A may be written, $B does not know this machine.
# Each prints a line when it holds; the first that does not ends the script. It works in the folder it is run in.
set -eu

fail() {
  echo "not ok: $1" >&2
  exit 1
}

# Prints the exit status of a command that says nothing here.
status() {
  if "$@" >/dev/null 2>&1 </dev/null; then echo 0; else echo $?; fi
}

printf 'one\ntwo\n' | sft put "$A" - -o lines.txt 2>said
grep -q '^lines.txt: 8 B, verified$' said || fail 'what was piped in is not told of'
echo 'ok: it reads from a pipe'

test "$(sft get "$A" lines.txt -o - 2>said | tail -n 1)" = two || fail 'a pipe does not get the bytes'
test "$(sft hash "$A" lines.txt | cut -d ' ' -f 1)" = "$(printf 'one\ntwo\n' | md5sum | cut -d ' ' -f 1)" ||
  fail 'a pipe does not get the digest'
echo 'ok: it writes into a pipe, and nothing else there'

sh -ec 'sft ls "$A"; sft get "$A" lines.txt; echo went on' >out 2>said || fail 'success is not zero'
grep -q '^went on$' out || fail 'a script did not go on after a success'
if sh -ec 'sft get "$A" nope; echo went on' >out 2>said; then fail 'failure is zero'; fi
test ! -s out || fail 'a script went on after a failure'
test "$(wc -l <said)" -eq 1 || fail 'a failure is not one line'
echo 'ok: set -e can rely on it'

echo another >lines.txt
test "$(status sft get "$B" lines.txt)" = 5 || fail 'a machine that is not paired'
test "$(status sft get "$A" lines.txt)" = 8 || fail 'a file in the way'
test "$(status sft pair -)" = 2 || fail 'a code that nobody types'
test "$(cat lines.txt)" = another || fail 'what nobody answered was taken for a yes'
echo 'ok: without a terminal it asks nothing and does not wait'

test -z "$(sft get "$A" lines.txt --on-conflict overwrite --quiet 2>&1)" || fail 'quiet speaks of a success'
test "$(sft ls "$A" -q 2>&1)" = lines.txt || fail 'quiet keeps the data back'
test "$(sft get "$A" nope -q 2>&1 | wc -l)" -eq 1 || fail 'quiet keeps a failure back'
echo 'ok: quiet is quiet, but for failures and data'

sft get "$A" lines.txt nope --json >lines.json 2>said || test $? -eq 7
"$NODE" -e '
  const lines = require("fs").readFileSync(0, "utf8").trim().split("\n").map((line) => JSON.parse(line))
  if (!lines.every(({ v, type }) => v === 1 && type)) throw new Error("a line without a type")
  const { type, failed, exit } = lines.at(-1)
  if (type !== "done" || failed !== 1 || exit !== 7) throw new Error("the last line does not say how it ended")
' <lines.json || fail 'a line is not what it has to be'
grep -q '^{"v":1,"type":"error","code":"ERR_NOT_FOUND","exit":4,' lines.json || fail 'a failure has no line'
echo 'ok: --json is for programs'

while read -r expected arguments; do
  found=$(eval "status sft $arguments")
  test "$found" = "$expected" || fail "sft $arguments ended with $found, not $expected"
done <<'STATUSES'
0 get "$A" lines.txt
2 get "$A"
2 gte "$A" lines.txt
3 ls nobody
4 get "$A" nope
5 ls "$B"
7 hash "$A" lines.txt nope
8 mkdir "$A" lines.txt
STATUSES
echo 'ok: the exit status says what happened'
