using Audit.Formats.Correlation;

namespace Audit.Formats.Protocols;

/// <summary>
/// What has to be remembered of one log of MCP to know what an answer is to. It has so many bytes of room, and what
/// would need more is invalid: to forget a request would make its answer one of nothing.
/// </summary>
internal sealed class McpRequests
{
    private const int MostCalls = 65_536, LongestInput = 64 << 10;

    /// <summary>Of all, and of the inputs of open calls; a longer one stands in the request alone.</summary>
    private const long MostBytes = 64 << 20, MostInputs = 8 << 20;

    private readonly Dictionary<string, McpCall> calls = [];
    private readonly Dictionary<string, Connection> connections = [];

    /// <summary>Calls whose server answered that it works on them, by the names of their tasks.</summary>
    private readonly Dictionary<string, McpAsked> tasks = [];

    private long inputs;
    private long bytes;

    /// <summary>What is not answered yet of all that has an id.</summary>
    public List<McpOpen> Of(string connection, string id) =>
        connections.GetValueOrDefault(connection)?.Open.GetValueOrDefault(id) ?? [];

    /// <summary>What was asked for is answered no more: it connects anew.</summary>
    public void Forget(string connection)
    {
        if (connections.Remove(connection, out var before))
        {
            (bytes, inputs) = (bytes - before.Bytes, inputs - before.Inputs);
        }
    }

    /// <summary>Another request of its kind under the same id takes the place of the one before.</summary>
    public void Open(string connection, string id, McpOpen request)
    {
        var before = Of(connection, id)
            .FindAll(one => one.Method == request.Method && one.Direction == request.Direction);
        RequireRoom(RoomFor.BytesOf(connection, id) + request.Bytes - before.Sum(one => one.Bytes), connection, id);
        if (!connections.TryGetValue(connection, out var of))
        {
            connections[connection] = of = new Connection();
            Charge(of, RoomFor.BytesOf(connection));
        }

        if (!of.Open.TryGetValue(id, out var requests))
        {
            of.Open[id] = requests = [];
            Charge(of, RoomFor.BytesOf(id));
        }

        before.ForEach(one => Remove(of, requests, one));
        requests.Add(request);
        Charge(of, request.Bytes, request.InputBytes);
    }

    public void Close(string connection, string id, McpOpen request)
    {
        var of = connections[connection];
        var requests = of.Open[id];
        Remove(of, requests, request);
        if (requests.Count == 0)
        {
            of.Open.Remove(id);
            Charge(of, -RoomFor.BytesOf(id));
        }
    }

    /// <summary>Opens a call, which has a number of its own where its id was that of another one.</summary>
    public McpAsked Call(string connection, string key, string? direction, string tool, JsonElement? input)
    {
        var content = CanonicalJson.NameOf($"{tool}|{(input is { } given ? CanonicalJson.NameOf(given) : "")}");
        var isKnown = calls.TryGetValue(connection + key, out var known);
        if (!isKnown && calls.Count == MostCalls)
        {
            throw new UnreadableException("id", $"a log of more than {MostCalls} calls cannot be followed");
        }

        var round = !isKnown ? 1 : known.IsSettled || known.Content != content ? known.Round + 1 : known.Round;
        var id = round == 1 ? key : string.Create(CultureInfo.InvariantCulture, $"{key}#{round}");
        var size = RoomFor.BytesOf(input);
        var isKept = size <= LongestInput && inputs + size <= MostInputs;
        var call = new McpAsked(id, tool, isKept ? input?.Clone() : null);
        Open(connection, key, new McpOpen(McpReader.Call, direction, call));
        bytes += isKnown ? 0 : RoomFor.BytesOf(connection, key, content);
        calls[connection + key] = new McpCall(content, round);
        return call;
    }

    public bool IsSettled(string connection, string key) =>
        calls.TryGetValue(connection + key, out var known) && known.IsSettled;

    /// <summary>What asks for the result of a task has an id that is no call's.</summary>
    public void SetSettled(string connection, string key)
    {
        if (calls.TryGetValue(connection + key, out var known))
        {
            calls[connection + key] = known with { IsSettled = true };
        }
    }

    /// <summary>A task for which there is no room is one whose result this log does not have.</summary>
    public void Remember(string task, McpAsked call)
    {
        var known = call with { Input = null, Task = task };
        EndTask(task);
        if (bytes + known.Bytes <= MostBytes && RoomFor.Ids(task))
        {
            tasks[task] = known;
            bytes += known.Bytes;
        }
    }

    public McpAsked? OfTask(string task) => tasks.GetValueOrDefault(task);

    public void EndTask(string? task) => bytes -= tasks.Remove(task ?? "", out var ended) ? ended.Bytes : 0;

    private void Remove(Connection of, List<McpOpen> requests, McpOpen request)
    {
        requests.Remove(request);
        Charge(of, -request.Bytes, -request.InputBytes);
    }

    private void Charge(Connection of, long size, long input = 0)
    {
        (bytes, inputs) = (bytes + size, inputs + input);
        (of.Bytes, of.Inputs) = (of.Bytes + size, of.Inputs + input);
    }

    private void RequireRoom(long size, params ReadOnlySpan<string?> ids)
    {
        if (bytes + size > MostBytes || !RoomFor.Ids(ids))
        {
            throw new UnreadableException(
                "id", $"a log with more than {MostBytes >> 20} MiB of open requests, or with longer ids, cannot be "
                    + "followed");
        }
    }

    /// <summary>What one connection has open, by id; all of it is over when it connects anew.</summary>
    private sealed class Connection
    {
        public Dictionary<string, List<McpOpen>> Open { get; } = [];

        /// <summary>What it takes of the room for all, and of that for inputs.</summary>
        public long Bytes { get; set; }

        public long Inputs { get; set; }
    }

    /// <summary>What was asked last under a number.</summary>
    private readonly record struct McpCall(string Content, int Round, bool IsSettled = false);
}

internal sealed record McpAsked(string Id, string Tool, JsonElement? Input, string? Task = null)
{
    public long Bytes => RoomFor.BytesOf(Id, Tool, Task) + RoomFor.BytesOf(Input);
}

/// <summary>A request that is not answered yet, with the way that it went.</summary>
internal sealed record McpOpen(string Method, string? Direction, McpAsked? Call, bool IsCancelled = false)
{
    public long Bytes => RoomFor.BytesOf(Method, Direction) + (Call?.Bytes ?? 0);

    public long InputBytes => Call is null ? 0 : RoomFor.BytesOf(Call.Input);

    /// <summary>What is asked for of a task is what its call would have given.</summary>
    public bool IsAnsweredAs(string method) =>
        Method == method || (Method == McpReader.OfTask && method == McpReader.Call);
}
