namespace Audit.Integrity.Witnesses;

/// <summary>
/// A witness, C2SP tlog-witness: it cosigns a checkpoint of a log that it knows if that continues the last one it
/// cosigned, and nothing else. What it saw is on disk before anybody has its word.
/// </summary>
public sealed class Witness
{
    private const string OldPrefix = "old ";
    private const int MostProof = 63;

    private readonly SemaphoreSlim turn = new(1);
    private readonly ILookup<string, VerifierKey> logs;
    private readonly Dictionary<string, Checkpoint> seen = [];
    private readonly Cosigner cosigner;
    private readonly string state;
    private readonly TimeProvider clock;

    /// <param name="logs">The keys of the logs, whose names and keys were given by hand.</param>
    /// <param name="state">The file with what was seen.</param>
    /// <exception cref="NoteFormatException">The file is none of a witness.</exception>
    public Witness(Cosigner cosigner, IEnumerable<VerifierKey> logs, string state, TimeProvider clock)
    {
        this.cosigner = cosigner;
        // A log whose key is changing has two of one name.
        this.logs = logs.ToLookup(log => log.Name);
        this.state = state;
        this.clock = clock;
        if (File.Exists(state))
        {
            foreach (var body in File.ReadAllText(state).Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
            {
                var checkpoint = Checkpoint.Parse(body.TrimEnd('\n') + "\n");
                seen[checkpoint.Origin] = checkpoint;
            }
        }
    }

    public WitnessKey Key => cosigner.Key;

    /// <summary>Answers a request `add-checkpoint`.</summary>
    public async Task<WitnessReply> AddAsync(string body, CancellationToken cancellation)
    {
        if (Read(body) is not { } asked)
        {
            return new WitnessReply(400, "the request is not one of tlog-witness");
        }

        var checkpoint = asked.Signed.Checkpoint;
        if (!logs.Contains(checkpoint.Origin))
        {
            return new WitnessReply(404, "this log is not known here");
        }

        if (!logs[checkpoint.Origin].Any(asked.Signed.IsSignedBy))
        {
            return new WitnessReply(403, "the checkpoint is not signed by the log's key");
        }

        if (asked.Old > checkpoint.Size)
        {
            return new WitnessReply(400, "the old size is larger than the checkpoint's");
        }

        await turn.WaitAsync(cancellation);
        try
        {
            return Add(asked, checkpoint);
        }
        finally
        {
            turn.Release();
        }
    }

    private WitnessReply Add(Request asked, Checkpoint checkpoint)
    {
        var last = seen.GetValueOrDefault(checkpoint.Origin);
        if ((last?.Size ?? 0) != asked.Old)
        {
            return new WitnessReply(
                409, string.Create(CultureInfo.InvariantCulture, $"{last?.Size ?? 0}\n"), "text/x.tlog.size");
        }

        if (last is not null && last.Size == checkpoint.Size && !last.HasRoot(checkpoint.Root))
        {
            return new WitnessReply(409, "another root of the same size was seen");
        }

        if (!MerkleProof.IsConsistent(
            asked.Old, checkpoint.Size, asked.Proof, last?.Root ?? TreeHash.Empty, checkpoint.Root))
        {
            return new WitnessReply(422, "the checkpoint does not continue what was seen");
        }

        var before = seen.Values.Where(other => other.Origin != checkpoint.Origin);
        OwnerOnly.Replace(state, Encoding.UTF8.GetBytes(string.Join('\n', before.Append(checkpoint))));
        seen[checkpoint.Origin] = checkpoint;
        return new WitnessReply(200, cosigner.LineOf(checkpoint, clock.GetUtcNow()));
    }

    /// <returns>Null where it is no request.</returns>
    private static Request? Read(string body)
    {
        var end = body.IndexOf("\n\n", StringComparison.Ordinal);
        var lines = end < 0 ? [] : body[..end].Split('\n');
        if (lines.Length is 0 or > 1 + MostProof || !lines[0].StartsWith(OldPrefix, StringComparison.Ordinal)
            || !long.TryParse(
                lines[0].AsSpan(OldPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var old))
        {
            return null;
        }

        var proof = new List<byte[]>();
        foreach (var line in lines.Skip(1))
        {
            if (!StrictBase64.TryDecode(line, out var hash) || hash.Length != TreeHash.Size)
            {
                return null;
            }

            proof.Add(hash);
        }

        try
        {
            return new Request(old, proof, SignedCheckpoint.Parse(body[(end + 2)..]));
        }
        catch (NoteFormatException)
        {
            return null;
        }
    }

    private sealed record Request(long Old, List<byte[]> Proof, SignedCheckpoint Signed);
}

/// <summary>A witness's answer over HTTP.</summary>
public sealed record WitnessReply(int Status, string Text, string ContentType = "text/plain; charset=utf-8");
