namespace Audit.Api.Diary;

/// <summary>
/// Writes down who signed in and out, and each minute who was refused: one event a minute, whoever tries how often.
/// </summary>
internal sealed class AccessDiary : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly AccessNotes notes;
    private readonly OperatorActs acts;
    private readonly FailureLog failures;
    private readonly BackgroundWork work;

    public AccessDiary(AccessNotes notes, OperatorActs acts, TimeProvider clock, FailureLog failures)
    {
        (this.notes, this.acts, this.failures) = (notes, acts, failures);
        work = BackgroundWork.Every(Pause, clock, WriteRefusedAsync);
    }

    public Task SignedInAsync(Bearer bearer, string network, DateTimeOffset ends) =>
        acts.WriteAsync("person.signed_in", bearer.Name, json =>
        {
            json.WriteString("person", bearer.Person);
            json.WriteString("from", network);
            json.WriteString("ends_at", Timestamp.From(ends).ToString());
        });

    /// <summary>
    /// In the stream that nodes look into: a row of the session that is put back does not sign anybody in again.
    /// </summary>
    /// <param name="session">The hash of what its cookie holds.</param>
    public Task SignedOutAsync(Bearer bearer, byte[] session, DateTimeOffset ends) => acts.WriteAsync(
        StreamNames.People, PeopleAct.SignedOut, bearer.Name, json =>
        {
            json.WriteString("name", bearer.Name);
            json.WriteString("person", bearer.Person);
            json.WriteString("session", Convert.ToHexStringLower(session));
            json.WriteString("ends_at", Timestamp.From(ends).ToString());
        });

    /// <summary>Writes what is left. To be called while the engine still takes something.</summary>
    public async ValueTask DisposeAsync()
    {
        await work.DisposeAsync();
        await WriteRefusedAsync();
    }

    private async Task WriteRefusedAsync()
    {
        var (counts, more) = notes.Take();
        if (counts.Count == 0)
        {
            return;
        }

        try
        {
            await acts.WriteAsync("access.refused", OperatorActs.Node, json => Write(json, counts, more));
        }
        catch (Exception failure) when (failure is JournalUnavailableException or EngineStoppedException)
        {
            failures.Report("diary of refusals", failure);
        }
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyDictionary<Refusal, long> counts, long more)
    {
        json.WriteStartArray("refused");
        foreach (var (refusal, count) in counts)
        {
            json.WriteStartObject();
            json.WriteString("what", refusal.What);
            json.WriteString("from", refusal.Network);
            if (refusal.Token is not null)
            {
                json.WriteString("token", refusal.Token);
                json.WriteString("wanted", refusal.Wanted);
            }

            json.WriteNumber("count", count);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("more", more);
    }
}
