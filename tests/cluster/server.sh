# shellcheck shell=bash disable=SC2034
# Sourced by cluster.sh: the server's files, its start and its stop.

[ -x "$PG_CONFIG" ] || fail "$PG_CONFIG is not there: make setup"
BIN_DIR=$("$PG_CONFIG" --bindir)
SHARE_DIR=$("$PG_CONFIG" --sharedir)
LIB_DIR=$("$PG_CONFIG" --pkglibdir)
[ -x "$BIN_DIR/postgres" ] || fail "$BIN_DIR/postgres is not there: make setup"
CLUSTER=$(area_directory cluster)
DATA=$CLUSTER/data
TREE=$CLUSTER/server
# With no TCP listener the port is only a part of the socket's name, so any number is free.
PORT=54150
RESTART=no

# One verb at a time: two `make up` at once must not both run initdb. The lock lies beside the cluster, since clean removes that.
enter_cluster() {
    exec 9>"$ROOT/target/cluster.lock"
    flock 9
}

# The socket's whole path may have 107 bytes. A clone too deep for that, or with characters that would have to be quoted
# in the URL and in the server's settings, gets a short directory in /tmp instead, which is remembered.
socket_directory() {
    local wanted=$CLUSTER/socket remembered=$CLUSTER/socket-directory
    if [ "${#wanted}" -gt 90 ] || [[ $wanted == *[!A-Za-z0-9/._-]* ]]; then
        wanted=$(cat "$remembered" 2>/dev/null || true)
        if [ ! -d "$wanted" ]; then
            wanted=$(as_server mktemp -d /tmp/botdet-XXXXXX)
            say "$wanted" >"$remembered"
        fi
    fi
    say "$wanted"
}

url() {
    say "postgresql:///botdet?host=$(socket_directory)&port=$PORT&user=postgres"
}

# query <database> <sql>: rows as plain text.
query() {
    "$BIN_DIR/psql" -XAtq -v ON_ERROR_STOP=1 -h "$(socket_directory)" -p "$PORT" -U postgres -d "$1" -c "$2" 9>&-
}

ready() {
    "$BIN_DIR/pg_isready" -q -h "$(socket_directory)" -p "$PORT"
}

# The program is copied, not linked: PostgreSQL resolves links before it looks around itself.
refresh_tree() {
    mkdir -p "$TREE$BIN_DIR" "$TREE$LIB_DIR" "$TREE$SHARE_DIR/extension"
    local entry entries=()
    if replace_file "$BIN_DIR/postgres" "$TREE$BIN_DIR/postgres" 0755; then RESTART=yes; fi
    for entry in "$SHARE_DIR"/*; do
        [ "$entry" = "$SHARE_DIR/extension" ] || entries+=("$entry")
    done
    ln -sfn -t "$TREE$SHARE_DIR" "${entries[@]}"
    entries=()
    for entry in "$SHARE_DIR"/extension/*; do
        [[ $entry == */botdet[.-]* ]] || entries+=("$entry")
    done
    ln -sfn -t "$TREE$SHARE_DIR/extension" "${entries[@]}"
    entries=()
    for entry in "$LIB_DIR"/*; do
        [ "$entry" = "$LIB_DIR/botdet.so" ] || entries+=("$entry")
    done
    ln -sfn -t "$TREE$LIB_DIR" "${entries[@]}"
}

install_extension() {
    local stage=$CLUSTER/stage file
    rm -rf "$stage"
    "$ROOT/docker/stage.sh" "$stage"
    # Beside it what was installed by earlier versions, which tests of upgrades begin with.
    for file in "$stage"/extension/* "$ROOT"/tests/fixtures/botdet--*.sql; do
        replace_file "$file" "$TREE$SHARE_DIR/extension/$(basename "$file")" || true
    done
    if replace_file "$stage/lib/botdet.so" "$TREE$LIB_DIR/botdet.so" 0755 && ready; then
        say "up: new library installed; sessions that are open keep the old one"
    fi
}

# Prints the processes of this cluster: all of them, and only they, work in its data directory. A process id in a file
# proves nothing after a crash or a reboot.
server_processes() {
    local link data
    data=$(cd "$CLUSTER" && pwd -P)/data
    for link in /proc/[0-9]*/cwd; do
        if [ "$(readlink "$link" 2>/dev/null)" = "$data" ]; then
            link=${link#/proc/}
            say "${link%/cwd}"
        fi
    done
}

# With no process of the cluster left, these are stale for certain, though the number in them may by now belong to another
# program (or to a dead one that nobody has reaped), which PostgreSQL would take for a running server.
remove_stale_files() {
    rm -f "$DATA/postmaster.pid" "$(socket_directory)/.s.PGSQL.$PORT" "$(socket_directory)/.s.PGSQL.$PORT.lock"
}

# True when something was stopped.
stop_server() {
    local processes process
    processes=$(server_processes)
    if [ -z "$processes" ]; then
        remove_stale_files
        return 1
    fi
    (cd / && as_server "$BIN_DIR/pg_ctl" stop -D "$DATA" -m fast -w -t 60 -s >/dev/null 2>&1) && return 0
    # What is left are backends whose postmaster was killed. They hold the shared memory, and no start works beside them.
    for process in $(server_processes); do
        kill -QUIT "$process" 2>/dev/null || true
    done
    for _ in {1..50}; do
        [ -n "$(server_processes)" ] || break
        sleep 0.1
    done
    [ -z "$(server_processes)" ] || fail "processes of the old server do not end: $(server_processes | tr '\n' ' ')"
    remove_stale_files
}

create_data() {
    local new=$CLUSTER/data.new
    # Under another name until it is whole, so that an interrupted initdb leaves nothing that looks like a cluster.
    rm -rf "$new"
    as_server_directory "$new"
    say "up: creating the cluster in target/cluster"
    (cd / && as_server "$BIN_DIR/initdb" -D "$new" -U postgres --auth=trust --locale=C.UTF-8 --encoding=UTF8 \
        --no-instructions >"$CLUSTER/initdb.log" 2>&1) || fail "initdb failed: $(tail -5 "$CLUSTER/initdb.log")"
    printf '%s\n' "include '../botdet.conf'" >>"$new/postgresql.conf"
    mv "$new" "$DATA"
}

# as_server_directory <directory>: made if missing, owned by the server's account, closed to others.
as_server_directory() {
    if [ "$(id -u)" = 0 ]; then
        install -d -m 0700 -o postgres -g postgres "$1"
    else
        install -d -m 0700 "$1"
    fi
}

start_server() {
    local socket
    [ -d "$DATA" ] || create_data
    socket=$(socket_directory)
    as_server_directory "$socket"
    as_server_directory "$CLUSTER/log"
    {
        cat "$ROOT/tests/cluster/postgresql.conf"
        printf "unix_socket_directories = '%s'\nunix_socket_permissions = 0700\nport = %s\n" "$socket" "$PORT"
    } >"$CLUSTER/botdet.conf"
    [ ! -f "$CLUSTER/log/server.log" ] || mv -f "$CLUSTER/log/server.log" "$CLUSTER/log/server.log.1"
    # An empty environment: RUST_BACKTRACE in a backend costs a symbol lookup for every caught error. The lock's
    # descriptor is closed, or the server would hold the lock for as long as it runs.
    (cd / && as_server env -i PATH="$PATH" LC_ALL=C.UTF-8 "$BIN_DIR/pg_ctl" start -D "$DATA" \
        -p "$TREE$BIN_DIR/postgres" -l "$CLUSTER/log/server.log" -w -t 300 -s 9>&- </dev/null) ||
        fail "the server did not start: $(tail -5 "$CLUSTER/log/server.log" 2>/dev/null) (make clean-cluster starts over)"
}
