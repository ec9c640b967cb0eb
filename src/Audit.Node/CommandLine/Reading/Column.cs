using System.Text.Json;

namespace Audit.Node.CommandLine.Reading;

/// <summary>A column of a list for a person.</summary>
internal sealed record Column(string Title, Func<JsonElement, string> Text)
{
    /// <summary>A member as it is, under its own name or another.</summary>
    public static Column Of(string member, string? title = null) => new(title ?? member, item => item.Cell(member));
}
