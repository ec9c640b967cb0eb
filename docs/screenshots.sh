#!/usr/bin/env bash
# Takes the README's pictures anew: starts a node with a story in it, and lets the system's Chromium look at it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export AUDIT_SCREENSHOTS=$PWD/docs/images
mkdir -p "$AUDIT_SCREENSHOTS"
dotnet test tests/Audit.Browser.Tests --filter "FullyQualifiedName~Screenshots"
ls -l "$AUDIT_SCREENSHOTS"
