using System.Runtime.CompilerServices;

namespace Audit.Api.Access;

/// <summary>An act of the stream in which tokens and sources are written down.</summary>
/// <param name="Name">Of the token or the source.</param>
/// <param name="Number">Of the source.</param>
/// <param name="With">The source that it is linked with.</param>
internal sealed record PeopleAct(long Sequence, string? Act, string Name, long Number, string With)
{
    /// <summary>Of a token: whom it stands for.</summary>
    public string Person { get; init; } = "";

    /// <summary>Of a token: as what it reports; empty where it reports nothing.</summary>
    public string Source { get; init; } = "";

    /// <summary>Of a token: the person who made it.</summary>
    public string Maker { get; init; } = "";

    public const string TokenCreated = "token.created";
    public const string TokenRevoked = "token.revoked";
    public const string SourceCreated = "source.created";
    public const string SourceLinked = "source.linked";
}

/// <summary>Reads the acts on tokens and sources. What no node wrote is reported and passed over.</summary>
internal sealed class PeopleStream(IAuditStore store, FailureLog failures)
{
    private const int RowsAtOnce = 500;
    private static readonly StreamKey Stream = new(StreamNames.People);

    /// <exception cref="JournalUnavailableException">What was written there cannot be read any more.</exception>
    public async IAsyncEnumerable<PeopleAct> ReadAsync(
        long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (await store.Journal.ReadStreamAsync(Stream, after, RowsAtOnce, cancellation) is { Count: > 0 } stored)
        {
            var opened = await store.Opened.ReadStreamAsync(Stream, after, stored.Count, cancellation);
            foreach (var (row, inTheClear) in stored.Zip(opened))
            {
                if (store.Seal.Proof.Proves(row))
                {
                    yield return Read(inTheClear);
                }
                else
                {
                    failures.Report(
                        "unproven acts on tokens and sources",
                        new UnprovenRowException($"The row {row.Position} is not as a node of this store wrote it."));
                }
            }

            after = stored[^1].Sequence;
        }
    }

    // To go on without an act that nobody can read would let in again whom it shut out.
    private static PeopleAct Read(JournalRow row)
    {
        var view = EventReader.ViewOf(row);
        if (view.Raw(EventField.Detail).IsEmpty)
        {
            throw new JournalUnavailableException(
                $"What the row {row.Position} says of a token or a source cannot be read: the key of its "
                + "stream is missing.");
        }

        using var detail = JsonDocument.Parse(view.Message[view.PlaceOf(EventField.Detail)]);
        var members = detail.RootElement;
        return new PeopleAct(
            row.Sequence, view.Text(EventField.Act),
            TextOf(members, "name"), members.TryGetProperty("n", out var number) ? number.GetInt64() : 0,
            TextOf(members, "with"))
        {
            Person = TextOf(members, "person"), Source = TextOf(members, "source"),
            Maker = TextOf(members, "by_person"),
        };
    }

    private static string TextOf(JsonElement members, string name) =>
        members.TryGetProperty(name, out var text) ? text.GetString() ?? "" : "";
}
