using Audit.Api.Instruments;

namespace Audit.Api.Diary;

/// <summary>Writes down what the node does itself and what is done to it.</summary>
internal sealed class OperatorActs(IAuditEngine engine, TimeProvider clock, Redactor? redactor = null)
{
    /// <summary>Who acts when the node does by itself.</summary>
    public static readonly string Node = $"node@{Environment.MachineName}";

    /// <summary>A reason as it may be stored elsewhere too: without the secrets in it.</summary>
    public string Redacted(string reason) => redactor?.Text(reason) ?? reason;

    /// <returns>Null when a name that stays as it is holds no secret, else the sentence that says so.</returns>
    public string? Refuse(string? name) => SecretIds.Refuse(redactor, name);

    /// <exception cref="JournalUnavailableException">It is not known whether the act was written.</exception>
    public Task WriteAsync(string act, string actor, Action<Utf8JsonWriter> detail) =>
        WriteAsync(StreamNames.Operator(clock.GetUtcNow()), act, actor, detail);

    /// <inheritdoc cref="WriteAsync(string, string, Action{Utf8JsonWriter})"/>
    public Task WriteAsync(string stream, string act, string actor, Action<Utf8JsonWriter> detail) =>
        WriteAsync(new OperatorSubmission(stream, act, actor, Now, DetailOf(detail)));

    /// <summary>Writes an act whose facts everybody may read who has its row.</summary>
    /// <returns>The position of the row.</returns>
    /// <exception cref="JournalUnavailableException">It is not known whether the act was written.</exception>
    public Task<long> WriteFactsAsync(
        string stream, string act, string actor, Action<Utf8JsonWriter> facts,
        Action<Utf8JsonWriter>? detail = null) =>
        WriteAsync(new OperatorSubmission(stream, act, actor, Now, detail is null ? default : DetailOf(detail))
        {
            Facts = DetailOf(facts),
        });

    /// <summary>Writes an act by a node whose stream is to end with a number still.</summary>
    /// <returns>False where the stream went on behind it, and nothing was written.</returns>
    /// <exception cref="JournalUnavailableException">It is not known whether the act was written.</exception>
    public async Task<bool> TryWriteFactsAsync(
        string stream, string act, string actor, Action<Utf8JsonWriter> facts, long after)
    {
        var submission = new OperatorSubmission(stream, act, actor, Now, default)
        {
            Facts = DetailOf(facts), After = after,
        };
        var receipt = (await engine.SubmitAsync([submission], CancellationToken.None))[0];
        return receipt.Status is ReceiptStatus.Recorded or ReceiptStatus.Refused
            ? receipt.Status == ReceiptStatus.Recorded
            : throw new JournalUnavailableException(
                receipt.Error ?? $"The act {act} could not be written down.");
    }

    /// <summary>Fails where nothing is taken, before something is done that has to be written down.</summary>
    /// <exception cref="JournalUnavailableException">The message says why.</exception>
    public Task RequireTakingAsync() => engine.SubmitAsync([], CancellationToken.None);

    /// <param name="redaction">The version of the rule set; null where redaction is off.</param>
    public Task WriteStartedAsync(IReadOnlyList<string> urls, string storeKind, string? redaction = null) =>
        WriteAsync(NodeActs.Started, Node, json =>
    {
        json.WriteString("version", NodeVersion.Text);
        json.WriteStartArray("urls");
        foreach (var url in urls)
        {
            json.WriteStringValue(url);
        }

        json.WriteEndArray();
        json.WriteString("store", storeKind);
        json.WriteString("redaction", redaction ?? "off");
        WriteProcess(json);
    });

    /// <summary>That tokens may travel in the clear, on the word of whoever started the node.</summary>
    public Task WriteInsecureAsync(IEnumerable<string> urls) => WriteAsync("node.insecure_http", Node, json =>
    {
        json.WriteStartArray("urls");
        foreach (var url in urls)
        {
            json.WriteStringValue(url);
        }

        json.WriteEndArray();
        WriteProcess(json);
    });

    public Task WriteStoppedAsync() => WriteAsync(NodeActs.Stopped, Node, json =>
    {
        json.WriteString("version", NodeVersion.Text);
        WriteProcess(json);
    });

    /// <summary>The detail of an act, one object.</summary>
    public static ReadOnlyMemory<byte> DetailOf(Action<Utf8JsonWriter> detail)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            detail(json);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private Timestamp Now => Timestamp.From(clock.GetUtcNow());

    private async Task<long> WriteAsync(OperatorSubmission submission)
    {
        var receipt = (await engine.SubmitAsync([submission], CancellationToken.None))[0];
        return receipt.Status == ReceiptStatus.Recorded
            ? receipt.Position
            : throw new JournalUnavailableException(
                receipt.Error ?? $"The act {submission.Act} could not be written down.");
    }

    private static void WriteProcess(Utf8JsonWriter json)
    {
        json.WriteString("machine", Environment.MachineName);
        json.WriteNumber("pid", Environment.ProcessId);
    }
}

/// <summary>
/// A backup that was taken, or an archive that was written, as it stands in the book: who has it has the rows up to
/// there.
/// </summary>
/// <param name="To">Where it was written; null while it is yet to be begun.</param>
/// <param name="Keys">
/// Where the keys of the payloads were written; null where they were not. It stands in the book before they are read,
/// so that whoever ends one meanwhile knows of the place.
/// </param>
/// <param name="Sha256">Of the newest segment of an archive; null for a backup.</param>
/// <param name="KeysId">What tells that place from one of the same path on another machine.</param>
internal sealed record TakenBackup(
    string Id, long LastPosition, long Rows, string? To, string? Keys, string? Sha256 = null, string? KeysId = null)
{
    public const string Act = "backup.taken", Begun = "backup.begun", Archived = "archive.written";

    private static readonly string[] Members = ["id", "last_position", "rows", "to", "keys", "sha256", "keys_id"];

    /// <returns>Why keys may not be written to a path; null where they may.</returns>
    public static string? WhyNotKeys(string path) =>
        !Path.IsPathFullyQualified(path) || path.Any(char.IsControl)
            ? "a path from the root on is expected, without control characters"
        : path.EndsWith(']') && path.Contains(" [", StringComparison.Ordinal)
            ? "a path that does not end in […] is expected: so does the name of a place that is told from others"
        : null;

    /// <exception cref="UnreadableException">It is not said which one.</exception>
    public static TakenBackup Read(StrictObject body)
    {
        body.RequireOnly(Members);
        var taken = new TakenBackup(
            body.Id("id") ?? "", body.Number("last_position") ?? 0, body.Number("rows") ?? 0, body.Text("to"),
            body.Text("keys"), body.Text("sha256"), body.Id("keys_id"));
        if (taken.Keys is { } keys && WhyNotKeys(keys) is { } why)
        {
            throw new UnreadableException("keys", why);
        }

        return taken.To is null
            ? taken with { Keys = body.RequiredText("keys") }
            : taken with { Id = body.RequiredId("id"), To = body.RequiredText("to") };
    }

    /// <returns>The position of the row.</returns>
    public Task<long> WriteAsync(OperatorActs acts, string actor) => acts.WriteFactsAsync(
        StreamNames.Keeping, To is null ? Begun : Sha256 is null ? Act : Archived, actor,
        json =>
        {
            if (To is not null)
            {
                json.WriteString("id", Id);
                json.WriteNumber("last_position", LastPosition);
                json.WriteNumber("rows", Rows);
                json.WriteString("to", acts.Redacted(To));
            }

            if (Keys is not null)
            {
                json.WriteString("keys", acts.Redacted(Keys));
            }

            if (KeysId is not null)
            {
                json.WriteString("keys_id", KeysId);
            }

            if (Sha256 is not null)
            {
                json.WriteString("sha256", Sha256);
            }
        });
}

/// <summary>Reads on in streams of acts, each row once.</summary>
internal sealed class ActReader(IJournal journal)
{
    private const int RowsAtOnce = 500;

    private readonly Dictionary<string, long> read = [];

    public Task ReadOnAsync(string stream, Action<EventView> take, CancellationToken cancellation) =>
        ReadOnAsync(stream, (_, view) => take(view), cancellation);

    /// <inheritdoc cref="ReadOnAsync(string, Action{EventView}, CancellationToken)"/>
    /// <param name="take">Receives the position of each row, too.</param>
    public async Task ReadOnAsync(string stream, Action<long, EventView> take, CancellationToken cancellation)
    {
        var after = read.GetValueOrDefault(stream);
        while (await journal.ReadStreamAsync(new StreamKey(stream), after, RowsAtOnce, cancellation)
            is { Count: > 0 } rows)
        {
            foreach (var row in rows.Where(row => row.IsProven))
            {
                take(row.Position, EventReader.ViewOf(row));
            }

            read[stream] = after = rows[^1].Sequence;
        }
    }

    /// <summary>The last number of a stream that was read.</summary>
    public long ReadTo(string stream) => read.GetValueOrDefault(stream);

    /// <summary>One object of texts; what is null is left out.</summary>
    public static ReadOnlyMemory<byte> MembersOf(params (string Name, string? Value)[] members) =>
        OperatorActs.DetailOf(json =>
        {
            foreach (var (name, value) in members.Where(member => member.Value is not null))
            {
                json.WriteString(name, value);
            }
        });
}
