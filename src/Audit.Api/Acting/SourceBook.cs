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
        var written = (await ReadAsync(cancellation)).Numbers;
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

    /// <summary>All sources with those that each is linked with, in the order of their numbers.</summary>
    public async Task<IReadOnlyList<(SourceRow Source, IReadOnlyList<string> Linked)>> ListAsync(
        CancellationToken cancellation)
    {
        var links = (await ReadAsync(cancellation)).Links;
        return [.. (await store.Sources.ListAsync(cancellation)).Select(row => (row, links.Of(row.Name)))];
    }

    /// <summary>Notes that two sources are of one host; their sessions and calls stay what they are.</summary>
    /// <returns>False where that was known.</returns>
    /// <exception cref="RefusedException">They are one, or one of them is not there.</exception>
    public async Task<bool> LinkAsync(string one, string other, Actor actor, CancellationToken cancellation)
    {
        if (one == other)
        {
            throw new RefusedException(Problem.BadRequest(
                $"The source \"{one}\" is named twice; accepted are two sources that differ."));
        }

        var known = (await store.Sources.ListAsync(cancellation)).Where(row => row.IsProven).ToDictionary(row => row.Name);
        if (new[] { one, other }.FirstOrDefault(name => !known.ContainsKey(name)) is { } unknown)
        {
            throw new RefusedException(Problem.NotFound(
                $"There is no source \"{unknown}\"; `audit source list` shows which there are."));
        }

        if ((await ReadAsync(cancellation)).Links.Of(one).Contains(other))
        {
            return false;
        }

        await acts.WriteAsync(StreamNames.People, PeopleAct.SourceLinked, actor.Name, json =>
        {
            json.WriteNumber("n", known[one].Number);
            json.WriteString("name", one);
            json.WriteNumber("with_n", known[other].Number);
            json.WriteString("with", other);
        });
        return true;
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

    /// <summary>What the journal says of sources.</summary>
    private async Task<(Dictionary<string, long> Numbers, SourceLinks Links)> ReadAsync(CancellationToken cancellation)
    {
        var (numbers, links) = (new Dictionary<string, long>(), new SourceLinks());
        await foreach (var act in people.ReadAsync(after: 0, cancellation))
        {
            links.Take(act);
            if (act.Act == PeopleAct.SourceCreated)
            {
                numbers.TryAdd(act.Name, act.Number);
            }
        }

        return (numbers, links);
    }
}

/// <summary>Who administers: the name that is written down, and the person behind it.</summary>
internal sealed record Actor(string Name, string Person)
{
    public static Actor Of(Bearer bearer) => new(bearer.Name, bearer.Person);
}
