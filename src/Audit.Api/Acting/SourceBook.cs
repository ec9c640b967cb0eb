using Audit.Api.Diary;

namespace Audit.Api.Acting;

/// <summary>
/// Gives sources their numbers and writes each down. The journal says which number belongs to which name; the table is
/// what it is quickly looked up in.
/// </summary>
internal sealed class SourceBook(IAuditStore store, PeopleStream people, OperatorActs acts, TimeProvider clock)
{
    /// <exception cref="UnprovenRowException">Table and journal say different things of a source.</exception>
    public async Task<TokenSource> EnsureAsync(string name, Actor actor, CancellationToken cancellation)
    {
        var written = await WrittenAsync(cancellation);
        long? number = written.TryGetValue(name, out var found) ? found : null;
        var row = await store.Sources.EnsureAsync(
            name, number, written.Values.DefaultIfEmpty().Max(), actor.Person, clock.GetUtcNow(), cancellation);
        if (number is not null && number != row.Number)
        {
            throw new UnprovenRowException(
                $"The journal gave the source \"{name}\" the number {number}, and the table has {row.Number}.");
        }

        await WriteDownAsync(row, actor.Name, cancellation);
        return new TokenSource(row.Number, row.Name);
    }

    /// <summary>Writes down what a stop kept from being written.</summary>
    public async Task WriteDownAllAsync(CancellationToken cancellation)
    {
        foreach (var row in await store.Sources.ListAsync(cancellation))
        {
            await WriteDownAsync(row, OperatorActs.Node, cancellation);
        }
    }

    private async Task WriteDownAsync(SourceRow row, string actor, CancellationToken cancellation)
    {
        if (row.IsWrittenDown || !row.IsProven)
        {
            return;
        }

        await acts.WriteAsync(StreamNames.People, PeopleAct.SourceCreated, actor, json =>
        {
            json.WriteNumber("n", row.Number);
            json.WriteString("name", row.Name);
        });
        await store.Sources.WrittenDownAsync(row, cancellation);
    }

    private async Task<Dictionary<string, long>> WrittenAsync(CancellationToken cancellation)
    {
        var written = new Dictionary<string, long>();
        await foreach (var act in people.ReadAsync(after: 0, cancellation))
        {
            if (act.Act == PeopleAct.SourceCreated)
            {
                written.TryAdd(act.Name, act.Number);
            }
        }

        return written;
    }
}

/// <summary>Who administers: the name that is written down, and the person behind it.</summary>
internal sealed record Actor(string Name, string Person)
{
    public static Actor Of(Bearer bearer) => new(bearer.Name, bearer.Person);
}
