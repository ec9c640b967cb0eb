using System.Text.Json.Serialization.Metadata;

namespace Audit.Node.CommandLine.Reading;

/// <summary>A question: what the command line holds, the node that is asked, and how its answer is printed.</summary>
internal sealed record Asked(ParseResult Parsed, NodeClient Node, Output Output, CancellationToken Cancellation)
{
    private const int MostInOne = 1000;

    public Surroundings Surroundings => Output.Surroundings;

    public T? Get<T>(Option<T> option) => Parsed.GetValue(option);

    public T? Get<T>(Argument<T> argument) => Parsed.GetValue(argument);

    public Task<Answer<T>> AskAsync<T>(
        string path, JsonTypeInfo<T> type, params (string Name, string? Value)[] parameters) =>
        Node.AskAsync(NodeClient.PathOf(path, parameters), type, Cancellation);

    public IAsyncEnumerable<Answer<T>> ListAsync<T>(
        int most, string path, JsonTypeInfo<T> type, params (string Name, string? Value)[] parameters) =>
        Node.ListAsync(NodeClient.PathOf(path, parameters), most, type, Cancellation);

    /// <summary>Prints a list, and for a person how many there are of all.</summary>
    /// <param name="what">The items, as a person calls several of them.</param>
    public Task PrintListAsync<T>(
        int most, string what, string path, JsonTypeInfo<T> type, IReadOnlyList<Column<T>> columns,
        params (string Name, string? Value)[] parameters)
    {
        var counts = Surroundings.OutIsTerminal && Output.Format == OutputFormat.Table ? "true" : null;
        var end = new ListEnd();
        return Output.PrintListAsync(
            Node.ListAsync(
                NodeClient.PathOf(path, [.. parameters, ("counts", counts)]), most, type, Cancellation,
                page => (end.Total, end.IsCut) = (page.Total ?? end.Total, page.Next is not null)),
            columns, what, end);
    }

    /// <summary>Asks for one thing and prints it.</summary>
    public async Task PrintAsync<T>(
        string path, JsonTypeInfo<T> type, Action<Surroundings, T> write,
        params (string Name, string? Value)[] parameters) =>
        Output.PrintOne(await AskAsync(path, type, parameters), shown => write(Surroundings, shown));

    /// <summary>Prints one thing with lists in it, now or as it was.</summary>
    public Task PrintAsync<T>(
        string path, JsonTypeInfo<T> type, Action<Surroundings, T> write, Option<int> limit, Option<string> at,
        (string Name, string Id) one, (string Name, string? Value) also = default) => PrintAsync(
            path, type, write, one, also, ("limit", $"{Math.Min(Get(limit), MostInOne)}"), ("at", Get(at)));
}

/// <summary>What the verbs that ask a node have in common.</summary>
internal static class Asking
{
    /// <summary>Ends the making of a verb that asks a node, with what it asks.</summary>
    /// <param name="check">Refuses what need not be asked.</param>
    public static Command Asks(
        this Command command, Surroundings surroundings, Func<Asked, Task> ask, Action<ParseResult>? check = null)
    {
        var output = command.AddOutput();
        var looks = new LookSymbols(command);
        var place = new PlaceSymbols(surroundings, command, GivenOptions.Data);
        command.SetAction(async (parsed, cancellation) =>
        {
            check?.Invoke(parsed);
            using var node = await place.Read(parsed).FindNodeAsync(cancellation);
            var reader = looks.Of(surroundings, parsed);
            await ask(new Asked(parsed, node, new Output(reader, parsed.GetValue(output)), cancellation));
        });
        return command;
    }

    /// <summary>The moment of which is asked.</summary>
    public static Option<string> AddMoment(this Command command, string description) =>
        command.AddText("--at", "POSITION|TIME", description);
}
