#!/bin/sh
# Makes the files of secrets that compose.yaml names, beside it or in the directory that is given. Run it as root, once:
# a bind-mounted file keeps its owner, and Claviger refuses a key that others can read. It replaces nothing.
set -eu
umask 077
directory=${1:-$(dirname -- "$0")/secrets}
claviger=65532 # USER of the Dockerfile
postgres=999 # of the image postgres

mkdir -p "$directory"
chmod 711 "$directory"
for name in postgres-password database-url master.key; do
  if [ -e "$directory/$name" ]; then
    echo "$directory/$name is there already: nothing was made." >&2
    exit 1
  fi
done

# Of letters and digits, so that it needs no escaping in the URL.
od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "$directory/postgres-password"
{
  printf 'postgres://claviger:'
  cat "$directory/postgres-password"
  printf '@postgres:5432/claviger\n'
} > "$directory/database-url"
head -c 32 /dev/urandom | base64 > "$directory/master.key"

chown "$postgres:$postgres" "$directory/postgres-password"
chown "$claviger:$claviger" "$directory/database-url" "$directory/master.key"
chmod 400 "$directory/postgres-password" "$directory/database-url" "$directory/master.key"
echo "Made $directory. Keep a copy of master.key somewhere else: without it nothing that is stored can be read."
