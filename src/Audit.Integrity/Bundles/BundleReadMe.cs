namespace Audit.Integrity.Bundles;

/// <summary>Explains to somebody who has nothing but the bundle how to check it.</summary>
internal static class BundleReadMe
{
    public static string Of(LogRecord log, Checkpoint checkpoint, DateTimeOffset exportedAt) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        An audit journal with its tamper-evident log
        ============================================

        log        {log.Origin}
        entries    {checkpoint.Size}
        root       {Convert.ToBase64String(checkpoint.Root)}
        exported   {exportedAt:yyyy-MM-ddTHH:mm:ssZ}
        {Restart(log)}
        What is in here
        ---------------
        checkpoint       the signed root over all entries (C2SP tlog-checkpoint, a signed note)
        log.vkey         the log's public key. Whoever could forge the checkpoint could forge this file too:
                         compare it with the key that you were given before, by other means.
        tile/L/N         the hashes of the Merkle tree of RFC 6962, 256 in a tile (C2SP tlog-tiles)
        tile/entries/N   the entries, each after its length in two bytes, high byte first
        rows.ndjson      the journal's rows, one a line, in the order of the entries
        keys.ndjson      the keys of the calls and other streams that it is about, which open the content of their rows
        logs.json        the logs that there were; each restart is signed by the key of the log that followed
        report.html      only in a bundle of a case: what a person reads first. Its SHA-256 is among the facts of a row
                         case.exported, so that the check below is of it too
        scope.txt        only where the bundle has not all rows: whose it has; of the others it has the entries
        contents.json    only in a bundle of a part: which entries are rows of one session ("rows"), and which one is
                         the last row that says how much of it was sealed ("contents"); that row's facts are its calls,
                         rows, position of the last one ("through"), and root of the tree of RFC 6962 over their leaves

        A line of rows.ndjson has index (which entry it is, from 0), position, persistence_id, sequence_number, created
        (ticks of 100 ns since year 1, UTC), manifest, identifier, deleted, unproven, salt in hex, and message: the
        message's bytes in base64. The entry of a row is

          {Entry}

        without spaces; stream is the SHA-256, in hex, of salt, persistence_id, a zero byte and manifest, and sha256
        that of the message's bytes. A row whose identifier is not 7401 has ,"identifier":N before the closing brace, a
        deleted one ,"deleted":true, and one that no node of the store can have written ,"unproven":true.

        How to check it
        ---------------
        All of it:       audit verify --bundle THIS-FILE --key "the key that you were given"

        By hand, one row, here the first:

          head -1 rows.ndjson | jq -r .message | base64 -d | sha256sum         is the sha256 of the entry
          (head -1 rows.ndjson | jq -rj .salt | xxd -r -p; head -1 rows.ndjson | jq -rj .persistence_id; printf '\0';
           head -1 rows.ndjson | jq -rj .manifest) | sha256sum                 is its stream
          dd if=tile/entries/000 bs=1 count=2 status=none | xxd -p             is the length L of the entry
          dd if=tile/entries/000 bs=1 skip=2 count=L status=none               is the entry
          (printf '\0'; dd if=tile/entries/000 bs=1 skip=2 count=L status=none) | sha256sum
                                                                               is the first 32 bytes of tile/0/000

        What is sealed in the rows, with the keys of their streams, in Python (and what does not open says so):

        {Opening}

        (A tile that is not full is called tile/0/000.p/W, where W is how many hashes it has.)

        The signature and the tree: any C2SP tlog client reads this directory, for instance
        golang.org/x/mod/sumdb/note and golang.org/x/mod/sumdb/tlog. The signature is Ed25519 over the checkpoint's text
        up to, not including, its blank line.
        """).ReplaceLineEndings("\n") + "\n";

    private const string Entry =
        """{"v":2,"position":P,"stream":"…","seq":S,"created":T,"sha256":"…"}""";

    /// <summary>A test runs it as it stands here.</summary>
    private const string Opening = """
          import base64, json, struct
          from cryptography.hazmat.primitives.ciphers.aead import AESGCM
          text = lambda sealed: base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
          keys = {key["persistence_id"]: base64.b64decode(key["key"]) for key in map(json.loads, open("keys.ndjson"))}
          for row in map(json.loads, open("rows.ndjson")):
              event, stream = json.loads(base64.b64decode(row["message"])), row["persistence_id"]
              if "payload" in event and stream in keys:
                  place = struct.pack(">q", row["sequence_number"]) + stream.encode()
                  opened = AESGCM(keys[stream]).decrypt(text(event["nonce"])[:12], text(event["payload"]), place)
                  content = __import__("brotli").decompress(opened[5:]) if opened[0] else opened[5:]
                  print(row["position"], content.decode())
        """;

    private static string Restart(LogRecord log) => log.Restart is not { } restart
        ? ""
        : $"\nThis log was begun in the place of \"{restart.OldOrigin}\" by {restart.By}, who says: {restart.Reason}\n"
            + $"What was found of the older one then:\n{restart.Verdict}\n"
            + $"The last checkpoint of the older one:\n\n{restart.LastCheckpoint?.ToString() ?? "(none was signed)\n"}";
}
