#!/bin/sh
# The host of samples/DeleteRecord with curl alone: it asks the node before the tool runs, and tells it what became of that.
# usage: AUDIT_TOKEN=… sh delete-record.sh [--deny-tools]
set -eu
server=${AUDIT_SERVER:-http://127.0.0.1:5080}
token=${AUDIT_TOKEN:-$(cat audit-data/host.token)}
session=${AUDIT_SESSION:-delete-$$-$(date +%s)}
record=42
log=

# post PATH BODY: what the node answers; a refusal ends the host, for what is not answered does not run.
post() {
    curl --silent --show-error --fail-with-body --noproxy 127.0.0.1,localhost --max-time 700 "${server%/}/$1" \
        -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d "$2"
}

now() { date -u +%Y-%m-%dT%H:%M:%S.%NZ; }

# happened EVENT DETAIL: into the node's book and the list that is printed; no detail here has what JSON would escape.
happened() {
    kind=$(printf %s "$1" | tr A-Z a-z)
    post v1/records "{\"session_id\":\"$session\",\"note\":{\"type\":\"$kind\",\"at\":\"$(now)\",\"detail\":{\"detail\":\"$2\"}}}" > /dev/null
    log="$log${log:+,
}  {\"event\": \"$1\", \"detail\": \"$2\"}"
}

call="\"tool_call_id\":\"call-$record\",\"tool_name\":\"delete_record\",\"display_name\":\"Delete a record\",\"tier\":\"Confirm\",\"turn\":1,\"effective_input\":{\"record_id\":$record}"

# became OUTCOME: one moment of the call's life.
became() {
    post v1/records "{\"session_id\":\"$session\",\"record\":{$call,\"outcome\":$1,\"recorded_at\":\"$(now)\"}}" > /dev/null
}

happened SEND "Delete the customer record with ID $record using the delete_record tool."
happened TURN_START ''
happened TOOL_START delete_record
deleted=
if [ "${1:-}" = --deny-tools ]; then
    decision=denied
    became '{"kind":"requested"}'
    became '{"kind":"blocked","reason":"Tool execution denied by audit policy","by":"--deny-tools"}'
else
    answer=$(post 'v1/decide?wait=300' "{\"session_id\":\"$session\",$call,\"permission\":{\"kind\":\"custom-tool\"},\"description\":\"Permanently delete the customer record $record?\"}")
    decision=$(printf %s "$answer" | sed -n 's/.*"decision":"\([a-z-]*\)".*/\1/p')
fi
case $decision in
approve-once | approve-for-session | approve-for-location)
    became '{"kind":"started"}'
    happened PERMISSION_APPROVED tool=delete_record
    deleted=$record
    became "{\"kind\":\"completed\",\"result\":{\"success\":true,\"output\":\"Record $record permanently deleted.\"}}"
    happened TOOL_COMPLETE error=None
    echo "Record $record permanently deleted." ;;
*)
    happened PERMISSION_DENIED tool=delete_record
    happened TOOL_COMPLETE 'error=Tool execution denied by audit policy'
    echo "The action was blocked by policy." ;;
esac
happened TURN_END ''
happened SESSION_IDLE ''
printf 'deleted_records: [%s]\n\n=== Audit Log ===\n[\n%s\n]\n' "$deleted" "$log"
