/**
 * A shell that is the parent of one server and reads a pipe from the process that started it. When
 * that process ends, even by SIGKILL, the pipe closes; the shell then stops the server and removes
 * its directory.
 *
 * Called as `sh -c SCRIPT sh DIR COMMAND ARGS…`. It prints `guard-pid N` and then gives its output
 * up, so that the end of the output means the end of the server and all its children. A line `keep`
 * on the pipe spares the directory, `stop` announces a caller who waits for the end himself;
 * without either the server is killed if it has not ended after five seconds. The server must be
 * the shell's own child (`wait`): under some init processes an orphaned zombie looks alive for
 * ever. A stopped (SIGSTOP) server has to be continued before it can end, and so have its children.
 */
export const guardScript = `
dir=$1; shift; orders=
trap "" INT TERM HUP
(trap - INT TERM HUP; exec "$@" <&-) & pid=$!
echo "guard-pid $pid"
exec >/dev/null 2>&1
while read -r order; do orders=$order; [ "$order" = keep ] && dir=; done
kill -INT $pid
kill -CONT $pid $(cat /proc/$pid/task/$pid/children || pgrep -P $pid)
[ -z "$orders" ] && (trap - TERM; for second in 1 2 3 4 5; do sleep 1; done; kill -KILL $pid) & killer=$!
wait $pid
kill $killer
[ -n "$dir" ] && rm -rf "$dir"
exit 0
`
