using Spectre.Console;

namespace Audit.Node.CommandLine.Reading;

/// <summary>A colour for each state. It never speaks alone: the state's name stands beside it.</summary>
internal static class StateColours
{
    public static Style Of(string state) => new(state switch
    {
        "completed" => Color.Green,
        "cached" or "replayed" => Color.Teal,
        "blocked" or "persistence_failed" => Color.Red,
        "cancelled" or "invalidated" => Color.Grey,
        "awaiting_confirmation" => Color.Yellow,
        _ => Color.Blue,
    });
}
