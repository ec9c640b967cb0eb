#!/usr/bin/env bash
# Makes an authority in DIRECTORY and a certificate for each FILE, good for the NAMEs: FILE.crt, FILE.key, and both in FILE.p12
# without a password, all for the owner alone. What is there already is kept for as long as it holds for another 30 days.
# The authority's key is thrown away: for another name, or before the end, take DIRECTORY away, make all anew and start all
# nodes anew, for a node takes the certificates only of its own authority.
#   deploy/certificates.sh cluster node=node-1,node-2,node-3 proxy=localhost
set -euo pipefail

[[ $# -ge 2 ]] || { sed -n '2,6s/^# *//p' "$0" >&2; exit 2; }
directory=$1
shift
umask 077
mkdir -p "$directory"
cd "$directory"
if [[ -e ca.crt ]] && openssl x509 -in ca.crt -noout -checkend $((30 * 86400)) > /dev/null; then
    exit 0
fi

days=730
key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
work=$(mktemp -d)
# What openssl says is for whoever has it fail.
exec 3>&2 2> "$work/log"
trap 'status=$?; [[ $status -eq 0 ]] || cat "$work/log" >&3; rm -rf "$work"' EXIT
openssl req -x509 "${key[@]}" -days "$days" -keyout "$work/ca.key" -out "$work/ca.crt" -subj '/CN=Audit.Actors cluster' \
    -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign'
for asked in "$@"; do
    file=${asked%%=*}
    names=${asked#*=}
    openssl req "${key[@]}" -keyout "$file.key" -out "$work/request" -subj "/CN=${file##*/}"
    printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:%s\n' "${names//,/,DNS:}" \
        > "$work/extensions"
    openssl x509 -req -in "$work/request" -CA "$work/ca.crt" -CAkey "$work/ca.key" -days "$days" -extfile "$work/extensions" \
        -out "$file.crt"
    openssl pkcs12 -export -in "$file.crt" -inkey "$file.key" -passout pass: -out "$file.p12"
done
# Last, for it says that all is there.
cp "$work/ca.crt" ca.crt
