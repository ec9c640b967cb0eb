using System.Runtime.CompilerServices;

namespace Audit.Api.Access;

/// <summary>An act of the stream in which tokens and sources are written down.</summary>
/// <param name="Name">Of the token or the source.</param>
/// <param name="Number">Of the source.</param>
/// <param name="With">The source that it is linked with.</param>
internal sealed record PeopleAct(long Sequence, string? Act, string Name, long Number, string With)
{
    public const string TokenCreated = "token.created";
    public const string TokenRevoked = "token.revoked";
    public const string SourceCreated = "source.created";
    public const string SourceLinked = "source.linked";
    public const string SignedOut = "person.signed_out";

    /// <summary>Of a token: whom it stands for.</summary>
    public string Person { get; init; } = "";

    /// <summary>Of a token: as what it reports; empty where it reports nothing.</summary>
    public string Source { get; init; } = "";

    /// <summary>Of a token: the person who made it.</summary>
    public string Maker { get; init; } = "";

    public DateTimeOffset At { get; init; }

    /// <summary>Of a sign-out: the hash by which the store knows the session, and when that would have ended.</summary>
    public (string Hash, DateTimeOffset Ends) Session { get; init; } = ("", default);
}

/// <summary>Reads the acts on tokens and sources. What no node wrote is reported and passed over.</summary>
/// <param name="opened">With the content of the acts.</param>
internal sealed class PeopleStream(IJournal opened, FailureLog failures)
{
    private const int RowsAtOnce = 500;
    private static readonly StreamKey Stream = new(StreamNames.People);

    /// <exception cref="JournalUnavailableException">What was written there cannot be read any more.</exception>
    public async IAsyncEnumerable<PeopleAct> ReadAsync(
        long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (await opened.ReadStreamAsync(Stream, after, RowsAtOnce, cancellation) is { Count: > 0 } rows)
        {
            foreach (var row in rows)
            {
                if (row.IsProven)
                {
                    yield return Read(row);
                }
                else
                {
                    failures.Report(
                        "unproven acts on tokens and sources",
                        new UnprovenRowException($"The row {row.Position} is not as a node of this store wrote it."));
                }
            }

            after = rows[^1].Sequence;
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
            At = view.RequiredTime(EventField.ReceivedAt).ToDateTimeOffset(),
            Session = (
                TextOf(members, "session"),
                members.TryGetProperty("ends_at", out var ends) && ends.TryGetDateTimeOffset(out var end)
                    ? end
                    : default),
        };
    }

    private static string TextOf(JsonElement members, string name) =>
        members.TryGetProperty(name, out var text) ? text.GetString() ?? "" : "";
}
