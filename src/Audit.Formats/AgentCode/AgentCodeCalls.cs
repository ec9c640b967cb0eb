using Audit.Formats.Correlation;

namespace Audit.Formats.AgentCode;

/// <summary>
/// Names the calls of one stream: the first result of a tool in a turn belongs to the first call of it there. Results
/// come in three rows, of what ran while the model still spoke, of what was vetoed, and of the rest; so where several
/// calls of a tool are open at once, that is a guess, for all of them until none is open.
/// </summary>
internal sealed class AgentCodeCalls
{
    private const int LongestTool = 48, MostKinds = 65_536, MostOpen = 1024, LongestInput = 64 << 10;

    /// <summary>Of the inputs of calls that are open.</summary>
    private const long MostInputs = 8 << 20;

    private readonly Dictionary<(long Turn, string Tool), Counted> counts = [];
    private long inputs;

    public AgentCodeCall Request(long turn, string tool, JsonElement? input)
    {
        var counted = Of(turn, tool);
        counted.Requested++;
        // The order is what joins them; an input that would take too much room is not repeated with the result.
        var size = RoomFor.BytesOf(input);
        var isKept = counted.Inputs.Count < MostOpen && size <= LongestInput && inputs + size <= MostInputs;
        inputs += isKept ? size : 0;
        counted.Inputs.Enqueue(isKept ? input?.Clone() : null);
        counted.IsGuess |= counted.Inputs.Count > 1;
        return new AgentCodeCall(IdOf(turn, tool, counted.Requested), turn, tool, input);
    }

    /// <summary>The denial comes right before the result of the same call.</summary>
    public AgentCodeCall Deny(long turn, string tool)
    {
        var counted = Of(turn, tool);
        counted.IsNextDenied = true;
        counted.Inputs.TryPeek(out var input);
        return new AgentCodeCall(IdOf(turn, tool, counted.Settled + 1), turn, tool, input)
        {
            IsGuess = counted.IsGuess,
        };
    }

    public AgentCodeCall Settle(long turn, string tool)
    {
        var counted = Of(turn, tool);
        counted.Settled++;
        var wasDenied = counted.IsNextDenied;
        counted.IsNextDenied = false;
        var isGuess = counted.IsGuess;
        counted.Inputs.TryDequeue(out var input);
        inputs -= RoomFor.BytesOf(input);
        counted.IsGuess &= counted.Inputs.Count > 0;
        return new AgentCodeCall(IdOf(turn, tool, counted.Settled), turn, tool, input)
        {
            WasDenied = wasDenied, IsGuess = isGuess,
        };
    }

    public bool IsOpen(long turn, string tool) => Of(turn, tool).Inputs.Count > 0;

    private Counted Of(long turn, string tool)
    {
        if (!counts.TryGetValue((turn, tool), out var counted))
        {
            if (counts.Count == MostKinds || !RoomFor.Ids(tool))
            {
                throw new UnreadableException(
                    "tool", $"a stream of more than {MostKinds} kinds of calls, or with longer names, is not followed");
            }

            counts[(turn, tool)] = counted = new Counted();
        }

        return counted;
    }

    private static string IdOf(long turn, string tool, int ordinal)
    {
        var name = Encoding.UTF8.GetByteCount(tool) <= LongestTool ? tool : CanonicalJson.NameOf(tool);
        return string.Create(CultureInfo.InvariantCulture, $"turn-{turn}-{name}-{ordinal}");
    }

    private sealed class Counted
    {
        public Queue<JsonElement?> Inputs { get; } = new();

        public int Requested { get; set; }

        public int Settled { get; set; }

        public bool IsNextDenied { get; set; }

        public bool IsGuess { get; set; }
    }
}

/// <summary>A call of the stream by the name that it was given.</summary>
internal sealed record AgentCodeCall(string Id, long Turn, string Tool, JsonElement? Input)
{
    public bool WasDenied { get; init; }

    /// <summary>It may be another call of this tool in this turn.</summary>
    public bool IsGuess { get; init; }
}
