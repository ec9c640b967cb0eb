#!/usr/bin/env bash
# The node and its command line as one file that needs no .NET on the machine, for each runtime named:
#   bash build/single-file.sh out linux-x64 win-x64
# A runtime whose pack no feed serves is passed over with a line that names it.
set -euo pipefail
out=$1; shift
cd "$(dirname "$0")/.."
for rid in "$@"; do
    log=$(mktemp)
    if dotnet publish src/Audit.Node -c Release -r "$rid" --self-contained -p:PublishSingleFile=true -p:PackAsTool=false \
        -p:IncludeNativeLibrariesForSelfExtract=true -p:EnableCompressionInSingleFile=true -o "$out/$rid" > "$log" 2>&1; then
        echo "$rid: $(ls "$out/$rid"/audit "$out/$rid"/audit.exe 2> /dev/null)"
    elif pack=$(grep -oE 'Microsoft\.(NETCore|AspNetCore)\.App\.(Runtime|Host|Crossgen2)\.[A-Za-z0-9.-]+' "$log" | head -n 1) \
        && grep -qE 'NU110[12]|NETSDK1094|NETSDK1185' "$log"; then
        echo "$rid: passed over, for the feed lacks $pack"
    else
        cat "$log" >&2
        rm "$log"
        exit 1
    fi
    rm "$log"
done
