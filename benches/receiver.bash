# What benches of a running receiver share; to be sourced. $work is a directory for its log, $port where
# it listens.

receiver=''

die() { echo "${0##*/}: $*" >&2; exit 1; }
say() { echo "${0##*/}: $*" >&2; }

# launch COMMAND...: starts a receiver in the background; its process is $receiver.
launch() {
    ! is_listening || die "port $port is taken; set PDVAULT_BENCH_PORT to another"
    "$@" >"$work/receiver.log" 2>&1 &
    receiver=$!
    # Until it has set itself up (pdvault touches its landing memory) and listens.
    local _
    for _ in $(seq 100); do
        ! is_listening || return 0
        kill -0 "$receiver" 2>/dev/null || { cat "$work/receiver.log" >&2; die "$1 did not start"; }
        sleep 0.1
    done
    die "$1 does not listen on port $port"
}

is_listening() {
    local hex
    hex=$(printf ':%04X 00000000:0000 0A' "$port")
    grep -q "$hex" /proc/net/tcp || grep -q ":$(printf %04X "$port") 0\{32\}:0000 0A" /proc/net/tcp6
}

stop_receiver() {
    [ -n "$receiver" ] || return 0
    kill "$receiver" 2>/dev/null || true
    wait "$receiver" 2>/dev/null || true
    receiver=''
}

